import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findWine, prefixPath, runWindowsNode } from 'winnode';
import {
  ignoredIn,
  nodeOptionsOnDriveZ,
  requireWindowsName,
  wineEnvironment,
} from 'winnode/internal';
import { bin, host, winnode, winnodeHere } from './cli.js';
import { shareNode } from './prefixes.js';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'winnode environment ')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const isWindows = process.platform === 'win32';
const needsWine = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;

describe.skipIf(isWindows)('a locale is replaced only if it is not installed', () => {
  const given = (env: NodeJS.ProcessEnv) =>
    wineEnvironment('/p', { PATH: process.env['PATH'], ...env })['LC_ALL'];

  test.each<NodeJS.ProcessEnv>([
    {},
    { LANG: 'C' },
    { LC_ALL: 'POSIX', LANG: 'C.UTF-8' },
    { LANG: 'xx_YY.UTF-8' },
    { LC_ALL: 'xx_YY.utf8' },
    { LC_CTYPE: 'xx_YY.UTF-8', LANG: 'C.UTF-8' },
    // What ssh brings along: one category is enough for all of them to fail.
    { LANG: 'C.UTF-8', LC_TIME: 'xx_YY.UTF-8' },
    { LANG: 'xx_YY.UTF-8', LC_CTYPE: 'C.UTF-8' },
    { LC_ALL: 'C.UTF-8', LOCPATH: '/nowhere', LANG: 'xx_YY.UTF-8' },
  ])('%j', (env) => {
    const settings = { PATH: process.env['PATH'], ...env };
    const { stdout, stderr } = spawnSync('locale', ['charmap'], {
      env: settings,
      encoding: 'utf8',
    });
    // Compares what a program sees with these settings unchanged and with winnode's changes.
    const isGood = stdout === 'UTF-8\n' && stderr === '';
    expect(given(env)).toBe(isGood ? env['LC_ALL'] : 'C.UTF-8');
  });

  test('an installed locale is not changed', () => {
    expect(given({ LANG: 'C.UTF-8' })).toBeUndefined();
    expect(given({ LC_ALL: 'C.utf8' })).toBe('C.utf8');
  });
});

describe.skipIf(isWindows)('paths of the environment', () => {
  const wine = { loader: '/w', server: '/s', version: 'wine-8.0', major: 8 };
  const node = { exe: '/n', version: '1' };
  const place = (env: NodeJS.ProcessEnv) => prefixPath(wine, node, { HOME: '/home/me', ...env });
  const inHome = '/home/me/.cache/winnode/wine-8.0-node-1-v5';

  test.each(['~/.cache', '.cache', './x', '..', 'a b'])('XDG_CACHE_HOME=%s is ignored', (value) => {
    const env = { XDG_CACHE_HOME: value };
    expect(place(env)).toBe(inHome);
    expect(ignoredIn(env)).toBe(
      `; XDG_CACHE_HOME is "${value}", which is not an absolute path, and is ignored`,
    );
    expect(ignoredIn({ ...env, WINNODE_CACHE: '/c' })).toBe('');
  });

  test('an absolute path is used; an empty value counts as not set', () => {
    expect(place({ XDG_CACHE_HOME: '/c' })).toBe('/c/winnode/wine-8.0-node-1-v5');
    expect(place({ XDG_CACHE_HOME: '' })).toBe(inHome);
    expect(ignoredIn({ XDG_CACHE_HOME: '/c' })).toBe('');
  });

  test('a relative path starts at the working directory', () => {
    expect(place({ WINNODE_CACHE: 'c' })).toBe(join(process.cwd(), 'c/wine-8.0-node-1-v5'));
    expect(place({ WINNODE_PREFIX: '../p' })).toBe(join(process.cwd(), '../p'));
  });

  test.each([
    ['WINNODE_CACHE', '~/c', 'WINNODE_CACHE is "~/c": no shell has expanded the ~ in it.'],
    ['WINNODE_PREFIX', '~me/p', 'WINNODE_PREFIX is "~me/p": no shell has expanded the ~ in it.'],
    ['HOME', 'home/me', 'HOME is "home/me", which is not an absolute path.'],
    ['HOME', '.', 'HOME is ".", which is not an absolute path.'],
  ])('%s=%s is refused', (name, value, message) => {
    expect(() => place({ [name]: value })).toThrowError(message);
  });

  test.each(['WINNODE_WINE', 'WINNODE_NODE', 'WINESERVER'])('%s with a ~ as well', async (name) => {
    const { code, stderr } = await winnodeHere(['-p', '1'], { [name]: '~/nowhere/x' });
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^winnode: ${name} is "~/nowhere/x": no shell .+\\n.+\\n$`));
  });

  test.each([
    ['/proc/c', 'ENOENT'],
    ['/dev/null/c', 'ENOTDIR'],
    ['/etc/passwd', 'EEXIST|ENOTDIR'],
  ])('WINNODE_CACHE=%s cannot be made, and the message says so', async (value, code) => {
    const { code: exitCode, stderr } = await winnodeHere(['-p', '1'], {
      WINNODE_CACHE: value,
      WINNODE_PREFIX: undefined,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^winnode: ${value}.* cannot be written: (${code})\\.\n.+\n$`),
    );
  });

  test('a Wine found through a relative PATH is reported with its absolute path', () => {
    const wine = join(scratch, 'bin', 'wine64');
    mkdirSync(join(scratch, 'bin'));
    writeFileSync(wine, '#!/bin/sh\necho wine-99.0\n');
    writeFileSync(join(scratch, 'bin', 'wineserver'), '#!/bin/sh\n');
    for (const name of ['wine64', 'wineserver']) chmodSync(join(scratch, 'bin', name), 0o755);
    const before = process.cwd();
    try {
      process.chdir(scratch);
      const { loader, server } = findWine({
        WINNODE_WINE: 'bin/wine64',
        WINESERVER: 'bin/wineserver',
      });
      expect({ loader, server }).toEqual({
        loader: wine,
        server: join(scratch, 'bin', 'wineserver'),
      });
    } finally {
      process.chdir(before);
    }
  });

  test.each(['/no/such/place', 'relative', '', '/etc/passwd', '~/tmp'])(
    'TMPDIR=%s is not passed on: all programs of a prefix must use the same directory',
    (value) => {
      expect(wineEnvironment('/p', { TMPDIR: value })).not.toHaveProperty('TMPDIR');
    },
  );

  test.each([
    [undefined, 'mscoree=;mshtml='],
    ['winemenubuilder.exe=d;d3d11,dxgi=n', 'winemenubuilder.exe=d;d3d11,dxgi=n;mscoree=;mshtml='],
    ['mscoree=b', 'mscoree=b;mshtml='],
  ])(
    'WINEDLLOVERRIDES=%s: Wine offers neither mono nor gecko unless it names them',
    (given, set) => {
      const env = given === undefined ? {} : { WINEDLLOVERRIDES: given };
      expect(wineEnvironment('/p', env)['WINEDLLOVERRIDES']).toBe(set);
    },
  );

  test.each([
    ['--import file:///a/b.mjs', '--import file:///Z:/a/b.mjs'],
    ['--import=file:///a/b.mjs -r /c', '--import=file:///Z:/a/b.mjs -r /c'],
    ['--import "FILE:///a b.mjs"', '--import "file:///Z:/a b.mjs"'],
    ['--import file:///Z:/a.mjs', '--import file:///Z:/a.mjs'],
    ['--import file:///c%3A/a.mjs', '--import file:///c%3A/a.mjs'],
    ['--import data:text/javascript,0', '--import data:text/javascript,0'],
  ])('NODE_OPTIONS=%s', (given, wanted) => {
    expect(nodeOptionsOnDriveZ(given)).toBe(wanted);
  });
});

describe.skipIf(isWindows)('a directory whose name Windows cannot express', () => {
  const names: [name: string, why: string][] = [
    ['Acme Inc.', 'ends in a dot'],
    ['...', 'ends in a dot'],
    ['two words ', 'ends in a space'],
    ['CORP\\jdoe', 'has "\\\\" in it'],
    ['what?', 'has "?" in it'],
    ['a*b', 'has "*" in it'],
    ['a"b', 'has "\\"" in it'],
    ['<x>', 'has "<" in it'],
    ['a|b', 'has "|" in it'],
    ['a\nb', 'has "\\n" in it'],
  ];

  test.each(names)('%j is refused before anything runs', async (name, why) => {
    const cwd = join(scratch, name);
    mkdirSync(cwd);
    const ended = await winnodeHere(['-e', 'require("fs").writeFileSync("out", "")'], {}, cwd);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toBe(
      `winnode: Windows has no name for the working directory, ${cwd}: ${JSON.stringify(name)} ${why}.\n` +
        'Rename it, or use another directory.\n',
    );
  });

  test('a cache is refused likewise, but a name that Wine can show is accepted', async () => {
    const env = { WINNODE_CACHE: join(scratch, 'cache.') };
    shareNode(env.WINNODE_CACHE);
    const { code, stderr } = await winnodeHere(['-p', '1'], env);
    expect(code).toBe(1);
    expect(stderr).toContain(`the directory of the Wine prefix, ${scratch}/cache./`);
    for (const name of ['a:b', '.hidden', ' x', 'a..b', 'con', 'ü☃', 'a /b']) {
      expect(() => requireWindowsName(join(scratch, name), 'it')).not.toThrowError();
    }
  });

  test.skipIf(needsWine)(
    `a working directory that Wine cannot open is reported by the run ${needsWine}`,
    async () => {
      const cwd = join(scratch, ...Array<string>(3).fill('x'.repeat(90)));
      mkdirSync(cwd, { recursive: true });
      const run = runWindowsNode(['-e', 'process.exit(0)'], { cwd, stdio: 'ignore' });
      await expect(run).rejects.toMatchObject({
        code: 'ERR_DIRECTORY',
        message: `Wine cannot open the working directory ${cwd}, so nothing was run.`,
      });
    },
  );

  test('a missing working directory is refused by name', async () => {
    const run = runWindowsNode(['-p', '1'], { cwd: join(scratch, 'none') });
    await expect(run).rejects.toMatchObject({
      code: 'ERR_LAUNCH',
      message: `The working directory ${join(scratch, 'none')} cannot be entered: ENOENT.`,
    });
  });
});

test.skipIf(needsWine)(
  `arguments and NODE_OPTIONS arrive unchanged in such an environment ${needsWine}`,
  async () => {
    const hook = join(scratch, 'hook.mjs');
    const file = join(scratch, 'grüße.mjs');
    writeFileSync(hook, 'globalThis.hooked = true;');
    writeFileSync(file, 'console.log(globalThis.hooked, process.argv[2], process.env.TMPDIR);');
    const { LC_ALL: _all, LC_CTYPE: _type, ...rest } = process.env;
    const ended = await winnode([file, 'é☃'], {
      env: {
        ...rest,
        LANG: 'xx_YY.UTF-8',
        TMPDIR: '/no/such/place',
        NODE_OPTIONS: `--import "file://${hook.replaceAll(' ', '%20')}"`,
      },
    });
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'true é☃ undefined\n', stderr: '' });
  },
);

test.skipIf(isWindows).each(['--version'])(
  'a reader of %s that goes away leaves no message',
  (word) => {
    const script = `exec 3>&1; { "$NODE" "$BIN" ${word} 2>&3; echo "code $?" >&3; } | true`;
    const env = { ...process.env, NODE: process.execPath, BIN: bin };
    const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8', env });
    expect(stdout).not.toMatch(/EPIPE|at /);
    expect(stdout).toMatch(/code (0|141|2)\n$/);
  },
);
