import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { copyBuilds, copyRepository, removeCopy, root } from '@tofu-nt/pipeline/copy-repository';
import { beginGate, publishedPackages, readTarball, recordGate } from '@tofu-nt/release';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// A release of a copy of the repository, without the upload. The copy is a clone with builds. The
// test writes the record of a passed `npm test` itself.

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
let place = '';
/** The pinned pnpm. */
let pnpm = '';
beforeAll(() => {
  place = copyRepository('release');
  const find = [
    'exec',
    '--yes',
    '--package',
    packageManager,
    '--',
    'node',
    'scripts/print-pnpm.mjs',
  ];
  const { stdout, stderr } = spawnSync('npm', find, { cwd: place, encoding: 'utf8' });
  if (stdout === '') throw new Error(`npm could not fetch ${packageManager}:\n${stderr}`);
  pnpm = join(stdout, 'pnpm');
  copyBuilds(place);
  // A directory of links: git would report a link named node_modules as a new file.
  const modules = join(place, 'node_modules');
  rmSync(modules, { recursive: true, force: true });
  mkdirSync(modules);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
}, 120_000);
afterAll(() => removeCopy(place));

const pass = (isGreen = true) => recordGate(place, beginGate(place), isGreen);

function release(...flags: string[]) {
  const env = { ...process.env, ACTIONS_ID_TOKEN_REQUEST_URL: undefined };
  const script = join(place, 'scripts/release.mjs');
  return spawnSync(process.execPath, [script, ...flags], { cwd: place, env, encoding: 'utf8' });
}

test('a dry run makes versions, changelogs and tarballs with provenance, and changes nothing', () => {
  pass();
  const { status, stdout, stderr } = release('--dry-run');
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const tarballs = readdirSync(join(place, '.release')).filter((file) => file.endsWith('.tgz'));
  const packages = publishedPackages(place);
  expect(tarballs).toHaveLength(packages.length);
  for (const { name, path } of packages) {
    const [file = ''] = tarballs.filter((each) => /^(.+)-\d/.exec(each)?.[1] === name);
    const { version, manifest, files } = readTarball(join(place, '.release', file));
    expect(stdout).toMatch(new RegExp(`^${name} +\\d+\\.\\d+\\.\\d+ → ${version}$`, 'm'));
    expect(stdout).toContain(`## ${version}`);
    expect(files.map((each) => each.path)).toContain('CHANGELOG.md');
    for (const each of files) expect(stdout).toContain(` ${each.bytes} ${each.path}`);
    expect(manifest['publishConfig']).toEqual({ access: 'public', provenance: true });
    expect(manifest['repository']).toMatchObject({ type: 'git', directory: path });
    expect(stdout).toContain(`provenance true, ${manifest['repository'].url} ${path}`);
  }
  const changed = spawnSync('git', ['status', '--porcelain'], { cwd: place, encoding: 'utf8' });
  expect(changed.stdout).toBe('');
});

const oneLine = (text: string) => text.trim().split('\n');

test.each([
  ['a failed npm test', () => pass(false), 'npm test failed on commit'],
  [
    'a missing build',
    () => rmSync(join(place, 'packages/ntdllx/dist'), { recursive: true }),
    'ntdllx is not built',
  ],
  [
    'local changes',
    () => writeFileSync(join(place, 'kb/NEW.md'), 'new\n'),
    'There are 1 local changes',
  ],
])('with %s the release is rejected with one line', (_what, spoil, reason) => {
  pass();
  spoil();
  for (const flags of [['--dry-run'], []]) {
    const { status, stdout, stderr } = release(...flags);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(oneLine(stderr)).toEqual([expect.stringContaining(reason)]);
  }
  rmSync(join(place, 'kb/NEW.md'), { force: true });
  if (!existsSync(join(place, 'packages/ntdllx/dist'))) copyBuilds(place);
});

describe.each(publishedPackages(root))('pnpm pack of $name', ({ name, path }) => {
  test.each(['dist/debug', 'dist/release'])('is rejected without %s', (build) => {
    const into = mkdtempSync(join(place, '.release-'));
    const built = join(place, path, build);
    renameSync(built, `${built}-away`);
    const options = { cwd: join(place, path), encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(
      pnpm,
      ['pack', '--pack-destination', into],
      options,
    );
    renameSync(`${built}-away`, built);
    expect(status).not.toBe(0);
    const said = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('not built'));
    const reason = `${name} is not built: ./${build}/index\\..* is missing. Build it: npm run setup$`;
    expect(said).toEqual([expect.stringMatching(reason)]);
    expect(readdirSync(into)).toEqual([]);
    rmSync(into, { recursive: true });
  });
});

test('npm publish of a package is rejected with one line', () => {
  const args = ['publish', '--dry-run', '--foreground-scripts'];
  const options = { cwd: join(place, 'packages/ntdllx'), encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync('npm', args, options);
  expect(status).not.toBe(0);
  const own = oneLine(stderr).filter((line) => !line.startsWith('npm '));
  expect(own).toEqual([expect.stringMatching(/^ntdllx is published together .*pnpm release/)]);
});
