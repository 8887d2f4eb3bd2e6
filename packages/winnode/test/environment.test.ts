import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findWine, prefixPath, runWindowsNode } from 'winnode';
import {
  byHand,
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

describe.skipIf(isWindows)('the locale of a program', () => {
  const given = (env: NodeJS.ProcessEnv) =>
    wineEnvironment('/p', { PATH: process.env['PATH'], ...env })['LC_ALL'];

  test.each<NodeJS.ProcessEnv>([
    {},
    { LANG: 'C' },
    { LC_ALL: 'POSIX', LANG: 'C.UTF-8' },
    { LANG: 'xx_YY.UTF-8' },
    { LC_ALL: 'xx_YY.utf8' },
    { LC_CTYPE: 'xx_YY.UTF-8', LANG: 'C.UTF-8' },
    // ssh passes such variables on. One category without a locale makes all categories fail.
    { LANG: 'C.UTF-8', LC_TIME: 'xx_YY.UTF-8' },
    { LANG: 'xx_YY.UTF-8', LC_CTYPE: 'C.UTF-8' },
    { LC_ALL: 'C.UTF-8', LOCPATH: '/nowhere', LANG: 'xx_YY.UTF-8' },
  ])('winnode sets LC_ALL only if these settings do not work: %j', (env) => {
    const settings = { PATH: process.env['PATH'], ...env };
    const { stdout, stderr } = spawnSync('locale', ['charmap'], {
      env: settings,
      encoding: 'utf8',
    });
    // `locale` shows whether the settings work without winnode's change.
    const isGood = stdout === 'UTF-8\n' && stderr === '';
    expect(given(env)).toBe(isGood ? env['LC_ALL'] : 'C.UTF-8');
  });

  test('winnode does not change an installed locale', () => {
    expect(given({ LANG: 'C.UTF-8' })).toBeUndefined();
    expect(given({ LC_ALL: 'C.utf8' })).toBe('C.utf8');
  });
});

describe.skipIf(isWindows)('paths in environment variables', () => {
  const wine = { loader: '/w', server: '/s', version: 'wine-8.0', major: 8 };
  const node = { exe: '/n', version: '1' };
  const place = (env: NodeJS.ProcessEnv) => prefixPath(wine, node, { HOME: '/home/me', ...env });
  const inHome = '/home/me/.cache/winnode/wine-8.0-node-1-v5';

  test.each(['~/.cache', '.cache', './x', '..', 'a b'])(
    'winnode ignores XDG_CACHE_HOME=%s',
    (value) => {
      const env = { XDG_CACHE_HOME: value };
      expect(place(env)).toBe(inHome);
      expect(ignoredIn(env)).toBe(
        `; XDG_CACHE_HOME is ignored, because "${value}" is not an absolute path`,
      );
      expect(ignoredIn({ ...env, WINNODE_CACHE: '/c' })).toBe('');
    },
  );

  test('winnode uses an absolute XDG_CACHE_HOME; an empty value counts as not set', () => {
    expect(place({ XDG_CACHE_HOME: '/c' })).toBe('/c/winnode/wine-8.0-node-1-v5');
    expect(place({ XDG_CACHE_HOME: '' })).toBe(inHome);
    expect(ignoredIn({ XDG_CACHE_HOME: '/c' })).toBe('');
  });

  test('winnode resolves a relative path against the working directory', () => {
    expect(place({ WINNODE_CACHE: 'c' })).toBe(join(process.cwd(), 'c/wine-8.0-node-1-v5'));
    expect(place({ WINNODE_PREFIX: '../p' })).toBe(join(process.cwd(), '../p'));
  });

  test.each([
    ['WINNODE_CACHE', '~/c', 'WINNODE_CACHE is "~/c": the shell did not expand the ~.'],
    ['WINNODE_PREFIX', '~me/p', 'WINNODE_PREFIX is "~me/p": the shell did not expand the ~.'],
    ['HOME', 'home/me', 'HOME is "home/me", which is not an absolute path.'],
    ['HOME', '.', 'HOME is ".", which is not an absolute path.'],
  ])('winnode rejects %s=%s', (name, value, message) => {
    expect(() => place({ [name]: value })).toThrowError(message);
  });

  test.each(['WINNODE_WINE', 'WINNODE_NODE', 'WINESERVER'])(
    'winnode rejects %s=~/nowhere/x',
    async (name) => {
      const { code, stderr } = await winnodeHere(['-p', '1'], { [name]: '~/nowhere/x' });
      expect(code).toBe(2);
      const said = `^winnode: ${name} is "~/nowhere/x": the shell did not .+\\n.+\\n$`;
      expect(stderr).toMatch(new RegExp(said));
    },
  );

  test.each([
    ['/proc/c', 'ENOENT'],
    ['/dev/null/c', 'ENOTDIR'],
    ['/etc/passwd', 'EEXIST|ENOTDIR'],
  ])('winnode reports that it cannot create WINNODE_CACHE=%s', async (value, code) => {
    const { code: exitCode, stderr } = await winnodeHere(['-p', '1'], {
      WINNODE_CACHE: value,
      WINNODE_PREFIX: undefined,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^winnode: ${value}.* cannot be written: (${code})\\.\n.+\n$`),
    );
  });

  test('findWine returns absolute paths for relative variables', () => {
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
    'winnode does not pass TMPDIR=%s on: all programs of a prefix must use the same directory',
    (value) => {
      expect(wineEnvironment('/p', { TMPDIR: value })).not.toHaveProperty('TMPDIR');
    },
  );

  test.each([
    ['/p', {}, '/w', 'WINEPREFIX=/p /w -k'],
    ['/p', { TMPDIR: '/tmp' }, '/w', 'WINEPREFIX=/p /w -k'],
    ['/p', { TMPDIR: '/var/tmp' }, '/w', 'TMPDIR=/tmp WINEPREFIX=/p /w -k'],
    ["/a b'$HOME", {}, '/w e', String.raw`WINEPREFIX='/a b'\''$HOME' '/w e' -k`],
  ])('a command to type has the prefix %j and, if it differs, the TMPDIR', (...given) => {
    const [prefix, env, program, expected] = given;
    expect(byHand(prefix, [program, '-k'], env)).toBe(expected);
    const shell = expected.replace(/ \S+ -k$|'\/w e' -k$/, ' printenv WINEPREFIX');
    expect(spawnSync('sh', ['-c', shell], { encoding: 'utf8' }).stdout).toBe(`${prefix}\n`);
  });

  test.each([
    [undefined, 'mscoree=;mshtml='],
    ['winemenubuilder.exe=d;d3d11,dxgi=n', 'winemenubuilder.exe=d;d3d11,dxgi=n;mscoree=;mshtml='],
    ['mscoree=b', 'mscoree=b;mshtml='],
  ])('winnode disables mono and gecko unless WINEDLLOVERRIDES=%s names them', (given, set) => {
    const env = given === undefined ? {} : { WINEDLLOVERRIDES: given };
    expect(wineEnvironment('/p', env)['WINEDLLOVERRIDES']).toBe(set);
  });

  test.each([
    ['--import file:///a/b.mjs', '--import file:///Z:/a/b.mjs'],
    ['--import=file:///a/b.mjs -r /c', '--import=file:///Z:/a/b.mjs -r /c'],
    ['--import "FILE:///a b.mjs"', '--import "file:///Z:/a b.mjs"'],
    ['--import file:///Z:/a.mjs', '--import file:///Z:/a.mjs'],
    ['--import file:///c%3A/a.mjs', '--import file:///c%3A/a.mjs'],
    ['--import data:text/javascript,0', '--import data:text/javascript,0'],
  ])('winnode converts file URLs in NODE_OPTIONS=%s', (given, wanted) => {
    expect(nodeOptionsOnDriveZ(given)).toBe(wanted);
  });
});

describe.skipIf(isWindows)('a directory whose path Windows cannot express', () => {
  const names: [name: string, why: string][] = [
    ['Acme Inc.', 'ends in a dot'],
    ['...', 'ends in a dot'],
    ['two words ', 'ends in a space'],
    ['CORP\\jdoe', 'contains "\\\\"'],
    ['what?', 'contains "?"'],
    ['a*b', 'contains "*"'],
    ['a"b', 'contains "\\""'],
    ['<x>', 'contains "<"'],
    ['a|b', 'contains "|"'],
    ['a\nb', 'contains "\\n"'],
  ];

  test.each(names)(
    'winnode rejects the working directory %j before anything runs',
    async (name, why) => {
      const cwd = join(scratch, name);
      mkdirSync(cwd);
      const ended = await winnodeHere(['-e', 'require("fs").writeFileSync("out", "")'], {}, cwd);
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toBe(
        `winnode: Windows cannot open the working directory ${cwd}: ${JSON.stringify(name)} ${why}.\n` +
          'Rename it, or use another directory.\n',
      );
    },
  );

  test('winnode rejects such a cache, and accepts a name that Wine can express', async () => {
    const env = { WINNODE_CACHE: join(scratch, 'cache.'), WINNODE_PREFIX: '' };
    shareNode(env.WINNODE_CACHE);
    const { code, stderr } = await winnodeHere(['-p', '1'], env);
    expect(code).toBe(1);
    expect(stderr).toContain(`the directory of the Wine prefix ${scratch}/cache./`);
    for (const name of ['a:b', '.hidden', ' x', 'a..b', 'con', 'ü☃', 'a /b']) {
      expect(() => requireWindowsName(join(scratch, name), 'it')).not.toThrowError();
    }
  });

  test.skipIf(needsWine)(
    `a run reports a working directory that Wine cannot open ${needsWine}`,
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

  test('a run names a working directory that does not exist', async () => {
    const run = runWindowsNode(['-p', '1'], { cwd: join(scratch, 'none') });
    await expect(run).rejects.toMatchObject({
      code: 'ERR_LAUNCH',
      message: `The working directory ${join(scratch, 'none')} cannot be used: ENOENT.`,
    });
  });
});

test.skipIf(needsWine)(
  `a program gets its arguments and NODE_OPTIONS in spite of a wrong locale and TMPDIR ${needsWine}`,
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
  'winnode %s prints no error if the reader closes the pipe',
  (word) => {
    const script = `exec 3>&1; { "$NODE" "$BIN" ${word} 2>&3; echo "code $?" >&3; } | true`;
    const env = { ...process.env, NODE: process.execPath, BIN: bin };
    const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8', env });
    expect(stdout).not.toMatch(/EPIPE|at /);
    expect(stdout).toMatch(/code (0|141|2)\n$/);
  },
);
