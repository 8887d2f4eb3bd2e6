import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { WinnodeError } from 'winnode';
import {
  type AskPlatforms,
  findProjectLock,
  parseArguments,
  placesOf,
  requireWineFor,
  type WindowsPackage,
  windowsPackagesOf,
} from 'winnode/internal';

const scratch = mkdtempSync(join(tmpdir(), 'winnode locks '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(scratch, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return dirname(file);
}

const unasked = () => Promise.reject(new Error('the lock file contains the platforms'));

/** The Windows packages in a lock file. */
function packagesOf(directory: string, ask: AskPlatforms = unasked): Promise<WindowsPackage[]> {
  const lock = findProjectLock(directory);
  if (lock === undefined) throw new Error('there is no lock file');
  return windowsPackagesOf(lock, ask);
}

/** The same as NAME@VERSION. */
async function read(directory: string): Promise<string[]> {
  return (await packagesOf(directory)).map(({ name, version }) => `${name}@${version}`);
}

const [os, cpu] = [['win32'], ['x64']];
const integrity = 'sha512-x';

describe.skipIf(process.platform === 'win32')('windowsPackagesOf', () => {
  test.each([
    ['selects', 'for Windows on x64', { os, cpu }, true],
    ['selects', 'for Windows on any processor', { os }, true],
    ['leaves out', 'for Windows on arm64', { os, cpu: ['arm64'] }, false],
    ['selects', 'for all platforms but this', { os: [`!${process.platform}`], cpu }, true],
    ['leaves out', 'for all platforms but Windows', { os: ['!win32'] }, false],
    ['leaves out', 'for this platform as well', { os: ['win32', process.platform] }, false],
    ['leaves out', 'for any platform', {}, false],
    ['selects', 'whose platform is a text, not a list', { os: 'win32', cpu: 'x64' }, true],
    ['leaves out', 'that is a link to a workspace', { os, cpu, link: true }, false],
  ])(
    'windowsPackagesOf %s a package of package-lock.json %s',
    async (_verb, _what, entry, isRead) => {
      const packages = { '': {}, 'node_modules/@a/b': { version: '1.2.3', integrity, ...entry } };
      const directory = write('npm/package-lock.json', JSON.stringify({ packages }));
      expect(await read(directory)).toEqual(isRead ? ['@a/b@1.2.3'] : []);
    },
  );

  test('windowsPackagesOf reads from package-lock.json two versions, an alias, and a duplicate', async () => {
    const entry = { integrity, os, cpu };
    const packages = {
      'node_modules/@a/b': { version: '2.0.0', ...entry },
      'node_modules/c/node_modules/@a/b': { version: '1.0.0', ...entry },
      'node_modules/d/node_modules/@a/b': { version: '1.0.0', ...entry },
      'node_modules/alias': { name: '@a/e', version: '1.0.0', ...entry },
    };
    const directory = write('npm/package-lock.json', JSON.stringify({ packages }));
    expect(await read(directory)).toEqual(['@a/b@1.0.0', '@a/b@2.0.0', '@a/e@1.0.0']);
    const places = placesOf(await packagesOf(directory));
    expect([...places.values()]).toEqual(['@a/b', '@a/b--2.0.0', '@a/e']);
  });

  test('windowsPackagesOf reads pnpm-lock.yaml of pnpm 9 to 12 and of pnpm 8', async () => {
    const entry = (key: string) =>
      `  ${key}:\n    resolution: {integrity: ${integrity}}\n    cpu: [x64]\n    os: [win32]\n\n`;
    const text = (keys: string[]) =>
      `lockfileVersion: '9.0'\n\nimporters:\n  .: {}\n\npackages:\n\n${keys.map(entry).join('')}` +
      `snapshots:\n\n  'never/read@1.0.0': {}\n`;
    const directory = write('pnpm/pnpm-lock.yaml', text([`'@a/b@1.2.3'`, 'c@1.0.0-rc.1']));
    expect(await read(directory)).toEqual(['@a/b@1.2.3', 'c@1.0.0-rc.1']);
    write('pnpm/pnpm-lock.yaml', text(['/@a/b@1.2.3', '/c@1.0.0(d@2.0.0)']));
    expect(await read(directory)).toEqual(['@a/b@1.2.3', 'c@1.0.0']);
    write('pnpm/pnpm-lock.yaml', `lockfileVersion: '9.0'\n`);
    expect(await read(directory)).toEqual([]);
  });

  test('windowsPackagesOf reads yarn.lock of Yarn 2 and later', async () => {
    const entry = (name: string, conditions: string) => `"${name}@npm:1.2.3":
  version: 1.2.3
  resolution: "${name}@npm:1.2.3"
  ${conditions}
  languageName: node
  linkType: hard
`;
    const entries = [
      entry('@a/b', 'conditions: os=win32 & cpu=x64'),
      entry('@a/both', `conditions: (os=win32 | os=${process.platform}) & cpu=x64`),
      entry('@a/arm', 'conditions: os=win32 & cpu=arm64'),
      entry('@a/other', `conditions: os=!${process.platform}`),
      entry('@a/any', 'checksum: 10c0/00'),
    ];
    const directory = write(
      'yarn/yarn.lock',
      ['# This file\n', '__metadata:\n  version: 8\n', ...entries].join('\n'),
    );
    expect(await read(directory)).toEqual(['@a/b@1.2.3', '@a/other@1.2.3']);
  });

  test('windowsPackagesOf reads optional packages from yarn.lock of Yarn 1, and asks for their platforms', async () => {
    const entry = (spec: string, version: string, more = '') => `${spec}:
  version "${version}"
  resolved "https://registry.yarnpkg.com/@a/b/-/b-${version}.tgz#00ff"
  integrity sha512-${version}
${more}`;
    const optional = `  optionalDependencies:
    "@a/win" "1.0.0"
    two "~2.0.0"
    "alias" "npm:@a/real@3.0.0"
`;
    const entries = [
      '# yarn lockfile v1\n',
      entry('"@a/win@1.0.0"', '1.0.0'),
      entry('"@a/needed@^1.0.0"', '1.0.1'),
      entry('"alias@npm:@a/real@3.0.0"', '3.0.0'),
      entry('asks@^1.0.0', '1.0.0', optional),
      entry('own@*', '4.0.0'),
      entry('two@^2.0.0, two@~2.0.0', '2.0.1'),
    ];
    write('yarn1/package.json', JSON.stringify({ optionalDependencies: { own: '*' } }));
    const directory = write('yarn1/yarn.lock', `${entries.join('\n')}\n`);
    const asked: string[] = [];
    const found = await packagesOf(directory, async (packages) => {
      asked.push(...packages.map(({ name, version }) => `${name}@${version}`));
      return packages.map(({ name }) => ({ os: name === 'two' ? ['linux', 'darwin'] : os, cpu }));
    });
    expect(asked).toEqual(['@a/win@1.0.0', '@a/real@3.0.0', 'own@4.0.0', 'two@2.0.1']);
    expect(found).toEqual([
      {
        name: '@a/real',
        version: '3.0.0',
        integrity: 'sha512-3.0.0',
        resolved: 'https://registry.npmjs.org/@a/b/-/b-3.0.0.tgz',
        place: join('node_modules', 'alias'),
      },
      expect.objectContaining({ name: '@a/win', place: join('node_modules', '@a/win') }),
      expect.objectContaining({ name: 'own', version: '4.0.0' }),
    ]);
    const hash = findProjectLock(directory)?.hash;
    write('yarn1/package.json', '{}');
    expect(findProjectLock(directory)?.hash).not.toBe(hash);
  });

  test('windowsPackagesOf reads bun.lock', async () => {
    const entry = (name: string, info: string) =>
      `    "${name}": ["${name}@1.2.3", "", ${info}, "${integrity}"],\n\n`;
    const entries = [
      entry('@a/b', '{ "os": "win32", "cpu": "x64" }'),
      entry('@a/arm', '{ "os": "win32", "cpu": "arm64" }'),
      entry('@a/any', '{ "dependencies": { "tslib": "^2.4.0", } }'),
      '    "own": ["own@workspace:packages/own"],\n\n',
    ];
    const directory = write(
      'bun/bun.lock',
      `{\n  "lockfileVersion": 1,\n  "packages": {\n${entries.join('')}  },\n}\n`,
    );
    expect(await packagesOf(directory)).toEqual([
      { name: '@a/b', version: '1.2.3', integrity, place: join('node_modules', '@a/b') },
    ]);
  });

  test('findProjectLock finds the nearest lock file, and npm’s before pnpm’s', () => {
    write('near/package-lock.json', '{}');
    const deep = write('near/a/b/index.js', '');
    expect(findProjectLock(deep)).toMatchObject({ project: join(scratch, 'near') });
    write('near/pnpm-lock.yaml', '');
    expect(findProjectLock(deep)?.file).toBe(join(scratch, 'near', 'package-lock.json'));
    expect(findProjectLock('/')).toBeUndefined();
  });
});

describe('the version of Windows Node', () => {
  const wine = { loader: '/wine', server: '/wineserver', version: 'wine-8.0', major: 8 };

  test('--node chooses Windows Node for a run and for an installation', () => {
    const options = ['--node', '24', '--time-limit=5', 'x.js', '--node=22'];
    expect(parseArguments(options)).toEqual({
      what: 'run',
      args: ['x.js', '--node=22'],
      node: '24',
      timeLimitMs: 5_000,
    });
    for (const words of [
      ['install', '--node', '26'],
      ['--node=26', 'install'],
    ]) {
      expect(parseArguments(words)).toEqual({ what: 'install', node: '26' });
    }
    expect(parseArguments(['install'])).toEqual({ what: 'install' });
    expect(parseArguments(['clean'])).toEqual({ what: 'clean' });
  });

  test.each([['--node'], ['--node='], ['install', '--node'], ['clean', 'all'], ['install', 'x']])(
    'parseArguments rejects %s %s',
    (...words) => {
      expect(() => parseArguments(words)).toThrowError(WinnodeError);
    },
  );

  test('requireWineFor rejects 24 and newer under Wine 8, and unknown versions', () => {
    const needs = (major: number, version: string | undefined) => () =>
      requireWineFor({ ...wine, major }, version === undefined ? {} : { WINNODE_NODE: version });
    for (const version of ['24', '26', '24.0.0', 'v26.1.0']) {
      expect(needs(8, version)).toThrowError(/needs Wine 10 or newer, but this is wine-8\.0/);
      expect(needs(10, version)).not.toThrow();
    }
    for (const version of ['22', undefined, '/a/node.exe']) expect(needs(8, version)).not.toThrow();
    for (const version of ['23', '24.1', '0']) {
      expect(needs(10, version)).toThrowError(/WINNODE_NODE .+ is ".+", which is not a known/);
    }
  });
});
