import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession, type Session } from 'winnode';
import { host, runIn, start, winnode, winnodeHere } from './cli.js';

const scratch = mkdtempSync(join(tmpdir(), 'winnode test '));
let session: Session;

function script(name: string, source: string): string {
  const file = join(scratch, name);
  writeFileSync(file, source);
  return file;
}

describe.skipIf(host.kind === 'none')(`a script in Windows Node ${host.reason}`, () => {
  // One wineserver for all tests, so that each starts quickly. Tests that do not test the command
  // line use this session, which saves a process for each.
  beforeAll(async () => {
    session = await openSession();
  }, 200_000);

  afterAll(async () => {
    await session.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  test('the script gets its arguments, Node gets the options before it, and the platform is win32', async () => {
    const file = script(
      'a.mjs',
      'console.log(JSON.stringify([process.platform, ...process.execArgv, ...process.argv.slice(2)]))',
    );
    const args = ['', 'a b', '"q"', 'ü€', '--flag', 'C:\\x\\'];
    const { code, stdout, stderr } = await winnode(['--conditions=x', file, ...args]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(['win32', '--conditions=x', ...args]);
    expect(code).toBe(0);
  });

  // The tests around this one cover 0, 1 and 7.
  test('winnode exits with the exit code 255 of the script', async () => {
    const { code } = await winnode(['-e', 'process.exit(255)']);
    expect(code).toBe(255);
  });

  test.each(['process.removeAllListeners(); process.emit = () => false', 'process.reallyExit(0)'])(
    'winnode detects the end of a script that removed all exit listeners: %s',
    async (source) => {
      const { exitCode, crash } = await session.run(['-e', source], { stdio: 'inherit' });
      expect({ exitCode, crash }).toEqual({ exitCode: 0, crash: undefined });
    },
  );

  test('Node prints an uncaught error of the script, and winnode exits with 1', async () => {
    const { code, stderr } = await runIn(session, ['-e', 'throw new Error("on purpose")']);
    expect(stderr).toContain('Error: on purpose');
    expect(code).toBe(1);
  });

  test('a pipe receives a megabyte of standard output, and all of standard error', async () => {
    const source = `
      for (let line = 0; line < 16384; line++) process.stdout.write('x'.repeat(63) + '\\n');
      console.error('done');
    `;
    const { stdout, stderr } = await winnode(['-e', source]);
    expect(stdout).toBe(`${'x'.repeat(63)}\n`.repeat(16_384));
    expect(stderr).toBe('done\n');
  });

  test('the script reads standard input from a pipe', async () => {
    const file = script(
      'in.mjs',
      'for await (const chunk of process.stdin) process.stdout.write(chunk)',
    );
    const { child, ended } = start([file]);
    child.stdin?.end('hello\n');
    expect((await ended).stdout).toBe('hello\n');
  });

  test('children, forks and workers of the script have standard streams, too', async () => {
    const file = script(
      'family.mjs',
      `import { execFileSync, fork } from 'node:child_process';
       import { isMainThread, Worker } from 'node:worker_threads';
       import { fileURLToPath } from 'node:url';
       const self = fileURLToPath(import.meta.url);
       if (!isMainThread) console.log('worker');
       else if (process.argv[2]) console.log(process.argv[2]);
       else {
         process.stdout.write(execFileSync(process.execPath, [self, 'child'], { encoding: 'utf8' }));
         execFileSync(process.execPath, [self, 'inherited'], { stdio: 'inherit' });
         fork(self, ['forked']).on('close', () => new Worker(self));
       }`,
    );
    const { stdout, stderr } = await winnode([file]);
    expect(stderr).toBe('');
    expect(stdout).toBe('child\ninherited\nforked\nworker\n');
  });

  test.skipIf(host.kind !== 'wine')(
    'winnode starts a child process once more only if Wine failed to load it',
    async () => {
      const file = script(
        'unloaded.cjs',
        `const { ChildProcess, fork, spawn } = require('node:child_process');
       const start = ChildProcess.prototype.spawn;
       let starts = 0;
       const failing = (count, code) => {
         starts = 0;
         ChildProcess.prototype.spawn = function (options) {
           starts += 1;
           if (starts > count) return start.call(this, options);
           throw Object.assign(new Error(code), { code, syscall: 'spawn' });
         };
       };
       const tried = (call) => {
         try { call().on('exit', (code) => console.log('ended', code)); } catch ({ code }) { return [starts, code]; }
         return [starts];
       };
       const child = () => spawn(process.execPath, ['-e', 'process.exit(7)']);
       failing(1, 'UNKNOWN');
       console.log(...tried(child));
       failing(2, 'UNKNOWN');
       console.log(...tried(child));
       failing(1, 'E2BIG');
       console.log(...tried(child));
       failing(1, 'UNKNOWN');
       console.log(...tried(() => fork(__filename, { execArgv: ['-e', 'process.exit(7)', '--'] })));`,
      );
      const { stdout } = await runIn(session, [file]);
      const lines = stdout.trim().split('\n');
      expect(lines.slice(0, 4)).toEqual(['2', '2 UNKNOWN', '1 E2BIG', '2']);
      expect(lines.slice(4)).toEqual(['ended 7', 'ended 7']);
    },
  );

  test('Node loads a linked package once, from its real path', async () => {
    const real = join(scratch, 'real', 'pkg');
    mkdirSync(join(scratch, 'app', 'node_modules'), { recursive: true });
    mkdirSync(real, { recursive: true });
    writeFileSync(join(real, 'package.json'), '{"type":"module","exports":"./index.js"}');
    writeFileSync(join(real, 'index.js'), 'console.log("loaded"); export default import.meta.url');
    symlinkSync(real, join(scratch, 'app', 'node_modules', 'pkg'), 'junction');
    const file = join(scratch, 'app', 'main.mjs');
    writeFileSync(
      file,
      `import url from 'pkg'; import '../real/pkg/index.js'; console.log(new URL(url).pathname)`,
    );
    const { stdout } = await runIn(session, [file]);
    const [loaded, url, ...rest] = stdout.trim().split('\n');
    expect([loaded, rest]).toEqual(['loaded', []]);
    expect(url).toMatch(/\/real\/pkg\/index\.js$/);
  });

  test('an import finds the package of the importing directory, not of another', async () => {
    const directory = join(scratch, 'two');
    for (const [place, version] of [
      ['.', 1],
      ['sub', 2],
    ] as const) {
      const own = join(directory, place, 'node_modules', 'pkg');
      mkdirSync(own, { recursive: true });
      writeFileSync(join(own, 'package.json'), '{"type":"module","exports":"./index.js"}');
      writeFileSync(join(own, 'index.js'), `export default ${version};`);
      const from = `import own from 'pkg'; console.log(own);`;
      writeFileSync(join(directory, place, 'a.mjs'), from);
      writeFileSync(join(directory, place, 'b.mjs'), from);
    }
    const file = join(directory, 'main.mjs');
    const imports = ['./a.mjs', './b.mjs', './sub/a.mjs', './sub/b.mjs'];
    writeFileSync(file, imports.map((each) => `import '${each}';`).join('\n'));
    const { stdout } = await runIn(session, [file]);
    expect(stdout.trim().split('\n')).toEqual(['1', '1', '2', '2']);
  });

  const noSignals = process.platform === 'win32' && 'Windows has no signals to pass on';

  test.skipIf(noSignals)('SIGINT to winnode reaches the handler of the script', async () => {
    const source = `process.on('SIGINT', () => process.exit(7)); setInterval(() => {}, 1e3); console.log('up')`;
    const { child, ended, saw } = start(['-e', source]);
    await saw('up');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 7, signal: null });
  });

  test.skipIf(noSignals)(
    'winnode exits with 0 if the SIGINT handler of the script does',
    async () => {
      const source = `process.on('SIGINT', () => process.exit(0)); setInterval(() => {}, 1e3); console.log('up')`;
      const { child, ended, saw } = start(['-e', source]);
      await saw('up');
      child.kill('SIGINT');
      expect(await ended).toMatchObject({ code: 0, signal: null });
    },
  );

  test.skipIf(noSignals)(
    'SIGTERM ends a script without a handler, and then ends winnode',
    async () => {
      const { child, ended, saw } = start(['-e', `setInterval(() => {}, 1e3); console.log('up')`]);
      await saw('up');
      child.kill('SIGTERM');
      expect(await ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    },
  );

  test('--version prints the versions of Wine and Windows Node', async () => {
    const { stdout, code } = await winnodeHere(['--version']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Node ${host.windowsNode}`);
    expect(stdout).toContain(host.wine);
  });
});

describe('a wrong environment', () => {
  const refused: [string, NodeJS.ProcessEnv, RegExp][] = [
    [
      'WINNODE_WINE does not exist',
      { WINNODE_WINE: '/nowhere/wine' },
      /WINNODE_WINE names "\/nowhere\/wine"/,
    ],
    [
      'WINNODE_WINE is not Wine',
      { WINNODE_WINE: '/bin/false' },
      /\/bin\/false does not answer --version/,
    ],
    [
      'WINNODE_WINE is too old',
      { WINNODE_WINE: '/bin/echo' },
      /is (echo .*|--version); Windows Node 22 needs Wine 8/,
    ],
    [
      'WINNODE_NODE does not exist',
      { WINNODE_NODE: '/nowhere/node.exe' },
      /WINNODE_NODE names "\/nowhere/,
    ],
    [
      'WINNODE_PREFIX is the user’s own prefix',
      { WINNODE_PREFIX: join(process.env['HOME'] ?? '', '.wine') },
      /belongs to you: winnode uses only prefixes of its own/,
    ],
    [
      'WINNODE_PREFIX is another directory',
      { WINNODE_PREFIX: import.meta.dirname },
      /was not made by winnode/,
    ],
  ];

  // The last three need Wine.
  const isNeedless = process.platform === 'win32';
  test.skipIf(isNeedless).each(refused.slice(0, 3))('winnode says what to do if %s', refusal);
  test.skipIf(isNeedless || host.kind !== 'wine').each(refused.slice(3))(
    `winnode says what to do if %s ${host.reason}`,
    refusal,
  );

  async function refusal(name: string, env: NodeJS.ProcessEnv, said: RegExp) {
    const here = await winnodeHere(['-e', '0'], env);
    expect(here).toMatchObject({ code: 1, stdout: '' });
    expect(here.stderr).toMatch(said);
    // One line says what failed, one what to do.
    expect(here.stderr.trimEnd().split('\n')).toHaveLength(2);
    // A separate process prints and exits the same, so one case is enough for it.
    if (name !== refused[0]?.[0]) return;
    const options = { env: { ...process.env, ...env } };
    expect(await winnode(['-e', '0'], options)).toEqual(here);
  }
});
