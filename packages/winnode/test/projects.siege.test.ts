import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin, host } from './cli.js';
import { removeCache, shareNode } from './prefixes.js';

// Tests the example as a project of its own: winnode comes from its tarball, everything else from
// the registry. The tests of the project run on the host, then in Windows Node, then on the host.

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'winnode projects ')));
const packageDirectory = dirname(dirname(bin));
const { packageManager } = JSON.parse(
  readFileSync(join(packageDirectory, '../../package.json'), 'utf8'),
) as { packageManager: string };
const cache = join(scratch, 'cache');

/**
 * The environment of the project, without the variables of this run's package manager and turbo.
 */
const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^(npm_|pnpm_|turbo_|vitest|node_|test)/i.test(name) || name === 'NODE_EXTRA_CA_CERTS',
    ),
  ),
  PATH: [
    join(scratch, 'tools', 'node_modules', '.bin'),
    ...(process.env['PATH'] ?? '')
      .split(delimiter)
      .filter((directory) => !directory.includes('node_modules')),
  ].join(delimiter),
  WINNODE_CACHE: cache,
  CI: '1',
};
const noNetwork = { npm_config_registry: 'http://127.0.0.1:9', npm_config_fetch_retries: '0' };

const installers = {
  npm: { add: ['npm', 'install', '--save-dev'], install: ['npm', 'install'], run: ['npx'] },
  pnpm: { add: ['pnpm', 'add', '--save-dev'], install: ['pnpm', 'install'], run: ['pnpm', 'exec'] },
  yarn: { add: ['yarn', 'add', '--dev'], install: ['yarn', 'install'], run: ['yarn', '--silent'] },
} as const;
/** Package managers that must be fetched, because they do not come with Node. */
const fetched = [packageManager, 'yarn@1.22.22'];

/** A prefix of a command that gives the program no network except its own loopback. */
const alone = ['unshare', '--map-root-user', '--net', '--'];
const [unshare = '', ...flags] = alone;
const withoutNetwork = spawnSync(unshare, [...flags, 'true']).status === 0 ? alone : [];

const noNamespace =
  withoutNetwork.length > 0 ? '' : '; the second run has a network: unshare does not work here';

/** The files that esbuild and vite build. */
const built = ['bundle.js', 'index.js'];
/** The root of the repository of winnode. */
const root = realpathSync(join(packageDirectory, '../..'));
const foreign = namesOfRepository();

/** Matches the root of the repository, the names of its other packages, and its package manager. */
function namesOfRepository(): RegExp {
  const names = ['packages', 'internal']
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
    .map((directory) => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')).name)
    .filter((name) => name !== 'winnode');
  const texts = [root, 'tofu', 'pnpm@', ...names];
  return new RegExp(texts.map((text) => text.replaceAll(/[.+()]/g, '\\$&')).join('|'));
}

const reason = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;

describe.skipIf(host.kind !== 'wine')(`a project outside this repository ${reason}`, () => {
  let tarball = '';
  beforeAll(() => {
    mkdirSync(cache);
    shareNode(cache);
    const options = { cwd: packageDirectory, encoding: 'utf8', env } as const;
    const tools = ['install', '--prefix', join(scratch, 'tools'), '--no-audit', ...fetched];
    const installed = spawnSync('npm', tools, options);
    expect(installed.status, installed.stderr).toBe(0);
    const packed = spawnSync('pnpm', ['pack', '--pack-destination', scratch, '--json'], options);
    tarball = JSON.parse(packed.stdout).filename;
    expect(existsSync(tarball), packed.stderr).toBe(true);
  });
  afterAll(() => {
    removeCache(cache);
    rmSync(scratch, { recursive: true, force: true });
  });

  test.each(Object.entries(installers))(`winnode works with %s${noNamespace}`, (name, manager) => {
    const project = join(scratch, name);
    cpSync(join(packageDirectory, 'example'), project, { recursive: true, filter: () => true });
    const manifest = join(project, 'package.json');
    if (name === 'pnpm') {
      const builds = 'allowBuilds:\n  esbuild: false\n  koffi: false\n';
      writeFileSync(join(project, 'pnpm-workspace.yaml'), builds);
    }
    if (name === 'yarn') {
      // vitest accepts any version of vite, and Yarn 1 chooses the newest, whose optional packages
      // it requires to exist.
      const { devDependencies, ...rest } = JSON.parse(readFileSync(manifest, 'utf8'));
      const resolutions = { vite: devDependencies.vite };
      writeFileSync(manifest, JSON.stringify({ ...rest, devDependencies, resolutions }));
    }
    const run = ([command, ...args]: readonly string[], more: NodeJS.ProcessEnv = {}) => {
      const ended = spawnSync(command as string, args, {
        cwd: project,
        encoding: 'utf8',
        env: { ...env, ...more },
      });
      const said = `${ended.stdout}${ended.stderr}`;
      expect(ended.status, `${command} ${args.join(' ')}\n${said}`).toBe(0);
      return said;
    };
    const onHost = () => {
      rmSync(join(project, 'dist'), { recursive: true, force: true });
      run(['npm', 'run', 'build']);
      expect(readdirSync(join(project, 'dist')).sort()).toEqual(built);
      expect(run(['npm', 'run', 'test:host'])).toMatch(/3 passed.*1 skipped/);
      const bundle = join(project, 'dist/bundle.js');
      const source = `import('${bundle}').then(({ processId }) => console.log(processId() === process.pid))`;
      expect(run(['node', '-e', source])).toBe('true\n');
    };
    const hostPackages = () =>
      readdirSync(join(project, 'node_modules', name === 'pnpm' ? '.pnpm' : ''), {
        recursive: true,
      })
        .map(String)
        .filter((file) => file.endsWith('.node') || /linux|darwin/.test(file))
        .filter((file) => !file.includes('winnode'))
        .sort();

    run(manager.install);
    onHost();
    const before = hostPackages();
    expect(before.length).toBeGreaterThan(5);

    // The output of the project must not mention the repository of winnode.
    expect(`${root}/packages/ntdllx`).toMatch(foreign);
    expect(run([...manager.add, tarball])).not.toMatch(foreign);
    expect(hostPackages()).toEqual(before);
    expect(readdirSync(join(project, 'node_modules/.bin'))).not.toContain('node');
    const inWindowsNode = [...manager.run, 'winnode', 'node_modules/vitest/vitest.mjs', 'run'];
    const first = run(inWindowsNode);
    expect(first).toMatch(/3 passed.*1 skipped/);
    expect(first).not.toMatch(foreign);
    // With an unusable registry and without a network.
    const second = run([...withoutNetwork, ...inWindowsNode], noNetwork);
    expect(second).toMatch(/3 passed.*1 skipped/);
    expect(second).not.toContain('winnode:');
    expect(second).not.toMatch(foreign);
    const platform = [...manager.run, 'winnode', '-p', 'process.platform'];
    expect(run(platform, noNetwork)).toBe('win32\n');

    onHost();
    expect(hostPackages()).toEqual(before);
    expect(readdirSync(join(project, 'node_modules/.bin'))).not.toContain('node');
  });

  test('install without a network finds all parts; clean removes them, and then finds nothing', () => {
    const project = join(scratch, 'npm');
    const winnode = (word: string, more: NodeJS.ProcessEnv = {}) =>
      spawnSync(process.execPath, [bin, word], {
        cwd: project,
        encoding: 'utf8',
        env: { ...env, ...more },
      });
    expect(winnode('install', noNetwork)).toMatchObject({ status: 0, stderr: '' });
    // Here Windows Node is a link to the user's own, which clean must not remove.
    rmSync(join(cache, 'node'), { recursive: true });
    const { status, stdout } = winnode('clean');
    expect(status).toBe(0);
    expect(stdout.match(/^removed .*(packages\/\w{32}|wine.*-v\d+)$/gm)).toHaveLength(2);
    expect(winnode('clean')).toMatchObject({ status: 0, stdout: 'Nothing to remove.\n' });
    expect(existsSync(cache)).toBe(false);
  });
});
