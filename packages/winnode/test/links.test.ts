import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { answered } from 'winnode/internal';
import { host, start, winnode } from './cli.js';

// realpathSync: the directory for temporary files may be a link itself.
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'winnode links ')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const isWindows = process.platform === 'win32';

/** A file below the scratch directory. @returns its Windows path */
function write(name: string, text: string): string {
  const file = join(scratch, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return windows(name);
}

function link(name: string, target: string): string {
  const file = join(scratch, name);
  mkdirSync(dirname(file), { recursive: true });
  symlinkSync(target, file);
  return windows(name);
}

const windows = (name: string) =>
  `Z:${scratch.replaceAll('/', '\\')}\\${name.replaceAll('/', '\\')}`;

describe.skipIf(isWindows)('winnode answers questions about symbolic links', () => {
  const prefix = join(scratch, 'prefix');
  const ask = (...question: Parameters<typeof answered>[0]) => answered(question, prefix);

  test('winnode answers with the real path of an existing file', () => {
    const real = write('a/real/x.js', '');
    link('a/dir', 'real');
    const file = link('a/file.js', 'dir/x.js');
    for (const path of [file, real, windows('a/dir/x.js'), `\\\\?\\${real}`]) {
      expect(ask('real', path)).toEqual({ real });
    }
    expect(ask('real', windows('A/Dir/X.JS'))).toEqual({ real });
    expect(ask('real', windows('a/none'))).toEqual({ error: 'ENOENT' });
    expect(ask('real', windows('a/real/x.js/y'))).toEqual({ error: 'ENOTDIR' });
    expect(ask('real', windows(link('a/round', 'round').slice(windows('').length)))).toEqual({
      error: 'ELOOP',
    });
    expect(ask('real', '\\\\server\\share\\x')).toEqual({ error: 'EUNKNOWN' });
    expect(ask('real', 'Z:\\')).toEqual({ real: 'Z:\\' });
  });

  test('winnode answers with the target of a link, also of a broken link', () => {
    write('b/x', '');
    expect(ask('link', link('b/relative', '../b/x'))).toEqual({ target: '..\\b\\x' });
    expect(ask('link', link('b/absolute', '/no/where'))).toEqual({ target: 'Z:\\no\\where' });
    expect(ask('link', windows('b/x'))).toEqual({});
    expect(ask('link', windows('b/none'))).toEqual({ error: 'ENOENT' });
  });

  test('winnode answers with the entries of a directory, the same for each of its paths', () => {
    write('c/real/x', '');
    write('c/real/y/z', '');
    link('c/real/broken', 'nowhere');
    link('c/real/to', 'y/z');
    const through = link('c/through', 'real');
    const contents = ask('directory', through);
    expect(contents).toEqual({
      real: windows('c/real'),
      id: expect.stringMatching(/^\d+:\d+$/),
      links: [['to', windows('c/real/y/z')]],
      others: ['x', 'y'],
    });
    expect(ask('directory', windows('c/real'))).toEqual(contents);
    expect(ask('directory', windows('c/real/x'))).toEqual({ error: 'ENOTDIR' });
  });

  test('unlink and rm of a tree remove links, not their targets', () => {
    write('u/kept/file', '');
    write('u/tree/sub/own', '');
    link('u/tree/sub/dir', '../../kept');
    link('u/tree/file', '../kept/file');
    link('u/tree/broken', 'nowhere');
    const one = link('u/one', 'kept');
    expect(ask('unlink', one)).toEqual({ target: 'kept' });
    expect(ask('unlink', one)).toEqual({ error: 'ENOENT' });
    expect(ask('unlink', windows('u/tree'))).toEqual({});
    const left = readdirSync(join(scratch, 'u'), { recursive: true });
    expect(left.sort()).toEqual(['kept', 'kept/file', 'tree', 'tree/sub', 'tree/sub/own']);
  });

  test('a path keeps its drive letter, unless a link leads to another drive', () => {
    write('prefix/drive_c/x/file', '');
    mkdirSync(join(prefix, 'dosdevices'));
    symlinkSync('../drive_c', join(prefix, 'dosdevices', 'c:'));
    link('prefix/drive_c/in', 'x');
    link('prefix/drive_c/out', '../../c/real');
    expect(ask('real', 'C:\\')).toEqual({ real: 'C:\\' });
    expect(ask('real', 'c:\\in\\file')).toEqual({ real: 'C:\\x\\file' });
    expect(ask('real', 'C:\\out')).toEqual({ real: windows('c/real') });
    expect(ask('real', 'D:\\x')).toEqual({ error: 'ENOENT' });
  });
});

const needsWine = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;

/**
 * The source of a module that prints its location. If it is loaded twice in one thread, it prints
 * twice.
 */
const says = (what: string) =>
  `console.log(${JSON.stringify(what)}, new URL(import.meta.url).pathname.split('/').at(-3))`;

/** A program that examines a link with each function of `node:fs`. All results must agree. */
const look = `
  const seen = [
    fs.realpathSync.native(link), fs.realpathSync(link), await fs.promises.realpath(link),
    await promisify(fs.realpath)(link), await promisify(fs.realpath.native)(link),
    fs.realpathSync(link, 'buffer').toString(), fs.realpathSync(pathToFileURL(link)),
  ];
  const targets = [fs.readlinkSync(link), await promises.readlink(link), await promisify(fs.readlink)(link)];
  const stats = [
    fs.lstatSync(link), fs.lstatSync(link, { bigint: true }), await promises.lstat(link),
    await promisify(fs.lstat)(link),
  ];
  const codeOf = (call) => { try { return call(); } catch ({ code }) { return code; } };
  console.log(JSON.stringify({
    seen: [...new Set(seen)], targets: [...new Set(targets)],
    areLinks: stats.every((each) => each.isSymbolicLink() && !each.isDirectory()),
    isFollowed: fs.statSync(link).isDirectory(), isPlain: !fs.lstatSync(file).isSymbolicLink(),
    errors: [
      codeOf(() => realpathSync(link + '-none')), codeOf(() => fs.readlinkSync(file)),
      codeOf(() => fs.lstatSync(link + '-none')), codeOf(() => fs.realpathSync(null)),
    ],
    isMissingQuiet: fs.lstatSync(link + '-none', { throwIfNoEntry: false }) === undefined,
  }));`;

const cli = `#!/usr/bin/env node
  import { execFileSync, fork } from 'node:child_process';
  import { once } from 'node:events';
  import fs, { promises, realpathSync } from 'node:fs';
  import { createRequire } from 'node:module';
  import { fileURLToPath, pathToFileURL } from 'node:url';
  import { promisify } from 'node:util';
  import { isMainThread, Worker } from 'node:worker_threads';
  import 'pnpm-kind';
  import 'npm-kind';
  import 'outside';
  import '../outside/src/index.js';

  const self = fileURLToPath(import.meta.url);
  const require = createRequire(self);
  require('common');
  require('../../far/common/main.cjs');
  const wrong = process.env.WINNODE_LINKS === undefined;
  if (isMainThread && process.argv[2] === undefined) {
    const link = fileURLToPath(new URL('../node_modules/outside', import.meta.url));
    const file = self;
    console.log(realpathSync(process.argv[1]) === self, require.resolve('common/main.cjs'));
    ${look}
    process.stdout.write(execFileSync(process.execPath, [process.argv[1], 'child'], { encoding: 'utf8' }));
    await once(fork(process.argv[1], ['fork']), 'close');
    await once(new Worker(process.argv[1], { env: {} }), 'exit');
    console.log('up');
    await once(process.stdin, 'data');
    await import('late');
    console.log(fs.lstatSync(fileURLToPath(new URL('../node_modules/late', import.meta.url))).isSymbolicLink());
    process.exit();
  }
`;

/** A workspace with pnpm's layout, one with npm's, and packages from elsewhere. */
function makeWorkspace(): void {
  const esm = JSON.stringify({ type: 'module', exports: './src/index.js' });
  for (const [place, name] of [
    ['work/node_modules/.pnpm/pnpm-kind@1.0.0/node_modules/pnpm-kind', 'pnpm-kind'],
    ['work/node_modules/.pnpm/deep@1.0.0/node_modules/deep', 'deep'],
    ['work/packages/npm-kind', 'npm-kind'],
    ['work/outside', 'outside'],
    ['far/late', 'late'],
  ] as const) {
    write(`${place}/package.json`, esm);
    write(`${place}/src/index.js`, `${name === 'pnpm-kind' ? "import 'deep';" : ''}${says(name)}`);
  }
  const deep = '../../deep@1.0.0/node_modules/deep';
  link('work/node_modules/.pnpm/pnpm-kind@1.0.0/node_modules/deep', deep);
  link('work/node_modules/pnpm-kind', '.pnpm/pnpm-kind@1.0.0/node_modules/pnpm-kind');
  link('work/node_modules/npm-kind', '../packages/npm-kind');
  link('work/node_modules/outside', join(scratch, 'work/outside'));
  write('far/common/package.json', '{"exports":{"./main.cjs":"./main.cjs",".":"./main.cjs"}}');
  write('far/common/main.cjs', `console.log('common', __dirname.split('\\\\').at(-2));`);
  link('work/node_modules/common', '../../far/common');
  write('work/bin/cli.mjs', cli);
  link('work/node_modules/.bin/cli', '../../bin/cli.mjs');
}

describe.skipIf(needsWine)(`a Wine that hides links, such as Wine 11 ${needsWine}`, () => {
  test('a program, its children and its threads see links, and load each package once', async () => {
    makeWorkspace();
    const env = { ...process.env, WINNODE_HIDE_LINKS: '1' };
    const { child, ended, saw } = start([join(scratch, 'work/node_modules/.bin/cli')], { env });
    await saw('up');
    // Created while the program runs, in a directory that the program has already read.
    link('work/node_modules/late', '../../far/late');
    child.stdin?.end('go\n');
    const { stdout, stderr, code } = await ended;
    const loads = [
      'deep deep',
      'pnpm-kind pnpm-kind',
      'npm-kind npm-kind',
      'outside outside',
      'common far',
    ];
    const [looked, ...rest] = stdout.split('\n').filter((line) => line.startsWith('{'));
    expect(stderr).toBe('');
    expect(rest).toEqual([]);
    expect(JSON.parse(looked ?? '')).toEqual({
      seen: [windows('work/outside')],
      targets: [windows('work/outside')],
      areLinks: true,
      isFollowed: true,
      isPlain: true,
      errors: ['ENOENT', 'EINVAL', 'ENOENT', expect.any(String)],
      isMissingQuiet: true,
    });
    expect(stdout.split('\n').filter((line) => !line.startsWith('{'))).toEqual([
      ...loads,
      `true ${windows('far/common/main.cjs')}`,
      ...loads, // the child
      ...loads, // the fork
      ...loads, // the thread
      'up',
      'late late',
      'true',
      '',
    ]);
    expect(code).toBe(0);
  });

  test('rm of a tree removes its links, but not their targets', async () => {
    write('rm/kept/file', '');
    for (const name of ['a', 'b', 'c']) {
      write(`rm/${name}/sub/own`, '');
      link(`rm/${name}/sub/dir`, '../../kept');
      link(`rm/${name}/file`, '../kept/file');
    }
    link('rm/to-dir', 'kept');
    link('rm/to-file', 'kept/file');
    link('rm/to-tree', 'kept');
    const source = `
      const fs = require('fs');
      const at = (name) => ${JSON.stringify(windows('rm'))} + '\\\\' + name;
      fs.rmSync(at('a'), { recursive: true });
      fs.unlinkSync(at('to-dir'));
      fs.unlinkSync(at('to-file'));
      fs.rm(at('b'), { recursive: true, force: true }, async (error) => {
        await fs.promises.rm(at('c'), { recursive: true });
        await fs.promises.rm(at('to-tree'), { recursive: true });
        await fs.promises.rm(at('none'), { recursive: true, force: true });
        try { fs.rmSync(at('none'), { recursive: true }); } catch ({ code }) { console.log(error, code); }
      });`;
    const { stdout, stderr } = await winnode(['-e', source]);
    expect({ stdout, stderr }).toEqual({ stdout: 'null ENOENT\n', stderr: '' });
    const left = readdirSync(join(scratch, 'rm'), { recursive: true });
    expect(left.sort()).toEqual(['kept', 'kept/file']);
  });

  test('among 2,000 links a program resolves only the directories that it loads from', async () => {
    write('many/real/package.json', '{"name":"p0","exports":"./index.js"}');
    write('many/real/index.js', '');
    for (let index = 0; index < 2_000; index += 1) {
      link(`many/node_modules/p${index}`, '../real');
    }
    const source = `
      require('p0');
      const { readdirSync, readFileSync } = require('fs');
      const [own] = readdirSync(process.env.WINNODE_LINKS);
      const lines = readFileSync(process.env.WINNODE_LINKS + '\\\\' + own, 'utf8').split('\\n');
      for (const line of lines) if (line.startsWith('[')) console.log(line);`;
    write('many/main.cjs', source);
    const env = { ...process.env, WINNODE_HIDE_LINKS: '1' };
    const { stdout, stderr } = await winnode([join(scratch, 'many/main.cjs')], { env });
    const questions = stdout.split('\n').filter(Boolean);
    const asked = (kind: string, name: string) => JSON.stringify([kind, windows(name)]);
    expect({ questions, stderr }).toEqual({
      questions: [
        asked('real', 'many/main.cjs'),
        asked('directory', 'many'),
        asked('real', 'many/main.cjs'),
        asked('directory', 'many/node_modules/p0'),
      ],
      stderr: '',
    });
  });

  test('a message names a package that a program loads under two paths', async () => {
    // A program that cannot ask the host, for example because its session is closed.
    write('twice/pkg/package.json', '{"name":"a-package","type":"module","exports":"./index.js"}');
    write('twice/pkg/index.js', 'export default {};');
    link('twice/node_modules/other-name', '../pkg');
    write(
      'twice/main.mjs',
      "import 'other-name'; import './pkg/index.js'; import './pkg/index.js';",
    );
    const source = `
      const env = { ...process.env, WINNODE_LINKS: '' };
      const main = ${JSON.stringify(windows('twice/main.mjs'))};
      const { stderr } = require('child_process').spawnSync(process.execPath, [main], { env });
      process.stdout.write(stderr);`;
    const env = { ...process.env, WINNODE_HIDE_LINKS: '1' };
    const { stdout } = await winnode(['-e', source], { env });
    const [warning, ...rest] = stdout.split('\n');
    expect(warning).toMatch(/WINNODE_LOADED_TWICE.*: a-package is loaded twice, by two paths: /);
    expect(warning).toContain(windows('twice/node_modules/other-name'));
    expect(warning).toContain(windows('twice/pkg'));
    expect(rest.filter((line) => line.includes('loaded twice'))).toEqual([]);
  });
});
