import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession, runWindowsNode, timeLimitExitCode } from 'winnode';
import { host, type Running, start, winnode } from './cli.js';
import {
  cacheEnvironment,
  copyPrefix,
  makeCache,
  parentOf,
  prefixIn,
  processesOf,
  programsOf,
  removeCache,
  serverOf,
} from './prefixes.js';

import { reason } from './sabotage.js';

// Children are detached: others end with their parent, by a job object that Node puts them in.
const hang = `console.log('up'); setInterval(() => {}, 1000)`;
const killedByWine =
  'SIGKILL, by the system for want of memory, by Wine after a crash that took long, or by somebody';
/** Prints `up`, and ends when standard input does, with this code. */
const until = (code: number) =>
  `console.log('up'); process.stdin.on('end', () => process.exit(${code})).resume()`;

describe.skipIf(host.kind !== 'wine')(`what goes wrong in a run ${reason}`, () => {
  const cache = host.kind === 'wine' ? makeCache() : '';
  const env = cacheEnvironment(cache);
  const prefix = host.kind === 'wine' ? prefixIn(cache) : '';

  beforeAll(() => copyPrefix(prefix), 200_000);
  afterAll(() => removeCache(cache));

  function expectNothingLeft(): void {
    expect(processesOf(cache)).toEqual([]);
    const home = join(prefix, '.winnode');
    expect(readdirSync(home).filter((name) => /^run-|lock$|by-winnode/.test(name))).toEqual([]);
    expect(readdirSync(join(home, 'users'))).toEqual([]);
  }

  describe('a script that hangs', () => {
    test('is ended by the time limit, with its children, and nobody else is', async () => {
      const other = start(['-e', until(3)], { env });
      await other.saw('up');
      const others = programsOf(cache);
      const source = `
        require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(hang)}],
          { stdio: 'inherit', detached: true });
        process.stdin.on('data', () => { for (;;); });`;
      const hanging = start(['--time-limit', '3.5', '-e', source], { env });
      await hanging.saw('up');
      expect(programsOf(cache).length).toBe(others.length + 2);
      hanging.child.stdin?.write('now');
      expect(await hanging.ended).toEqual({
        code: timeLimitExitCode,
        signal: null,
        stdout: 'up\n',
        stderr: 'winnode: the time limit of 3.5 s is over: the program was ended\n',
      });
      expect(programsOf(cache)).toEqual(others);
      other.child.stdin?.end();
      expect((await other.ended).code).toBe(3);
      expectNothingLeft();
    });

    test('is ended by timeLimitMs; a run that is quick does not notice', async () => {
      const session = await openSession({ env });
      const run = (source: string, timeLimitMs: number) =>
        session.run(['-e', source], { stdio: 'ignore', timeLimitMs });
      expect(await run('for (;;);', 1_000)).toEqual({
        exitCode: 124,
        signal: null,
        isTimedOut: true,
      });
      expect(await run('process.exit(124)', 20_000)).toEqual({ exitCode: 124, signal: null });
      await session.close();
      expectNothingLeft();
    });

    test.each([0, -1, Number.NaN, 2 ** 31])('timeLimitMs %s is refused', async (timeLimitMs) => {
      const run = runWindowsNode(['-p', '1'], { env, timeLimitMs });
      await expect(run).rejects.toMatchObject({ code: 'ERR_USAGE' });
    });
  });

  describe('a program that crashes is named, and others go on', () => {
    // What of this repository can be made to crash: the bindings.
    const root = join(import.meta.dirname, '../../../package.json');
    const kernel32 = createRequire(root).resolve('ntdllx/kernel32');
    const accessViolation = `import('file:///Z:' + ${JSON.stringify(kernel32)})
      .then(({ CreateEventA }) => CreateEventA(0, 1, 0, 16))`;
    const crashes: [name: string, source: string, code: number, said: string][] = [
      [
        'an access violation',
        accessViolation,
        5,
        '0xC0000005 STATUS_ACCESS_VIOLATION (exit code 5)',
      ],
      ['a breakpoint', '%SystemBreak()', 3, '0x80000003 STATUS_BREAKPOINT (exit code 3)'],
      [
        'an abort',
        'process.abort()',
        134,
        "exit code 134: process.abort(), or a failed assertion of Node's own",
      ],
      [
        'a termination',
        `process.kill(process.pid, 'SIGKILL')`,
        1,
        'exit code 1: ended from outside, or at once',
      ],
    ];

    // One that runs all the while, so that the wineserver has to stay what it is; and one that is
    // run when all crashes are over.
    let other: Running;
    beforeAll(async () => {
      other = start(['-e', until(3)], { env });
      await other.saw('up');
    });
    afterAll(async () => {
      const next = await winnode(['-p', '1'], { env });
      expect(next).toEqual({ code: 0, signal: null, stdout: '1\n', stderr: '' });
      other.child.stdin?.end();
      expect((await other.ended).code).toBe(3);
      expectNothingLeft();
    });

    test.each(crashes)('%s', async (_name, source, code, said) => {
      const crashed = await winnode(['--allow-natives-syntax', '-e', source], { env });
      const last = crashed.stderr.trimEnd().split('\n').at(-1) ?? '';
      // On a busy machine a crash may lose its code: Wine's debugger ends it with 0, or takes so long
      // that the wineserver ends it by SIGKILL. Never is it a success.
      const isLost = crashed.code === 1 && last.endsWith('a crash whose exit code was lost');
      const isKilled = crashed.signal === 'SIGKILL' && last.includes(killedByWine);
      if (!isLost && !isKilled) {
        expect(crashed).toMatchObject({ code, signal: null });
        expect(last).toBe(`winnode: Windows Node died: ${said}`);
      }
    });

    test('one that Wine leaves hanging is ended', async () => {
      // Without its debugger Wine ends the one thread that crashed, and the others wait for ever.
      const own = { ...env, WINEDLLOVERRIDES: 'mscoree,mshtml=;winedbg.exe=d' };
      const { code, stderr } = await winnode(['-e', accessViolation], { env: own });
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/winnode: Windows Node died: (its main thread crashed|0xC0000005)/);
    });

    test.each([1, 3, 5, 134])('an exit code of the program’s own is no crash: %d', async (code) => {
      const run = await winnode(['-e', `process.exitCode = ${code}`], { env });
      expect(run).toMatchObject({ code, stderr: '' });
    });

    test('also when Unix ends it', async () => {
      const run = start(['-e', hang], { env });
      await run.saw('up');
      const program = programsOf(cache).find((pid) => parentOf(pid) === run.child.pid);
      process.kill(program ?? Number.NaN, 'SIGKILL');
      const { signal, stderr } = await run.ended;
      expect(signal).toBe('SIGKILL');
      expect(stderr).toBe(`winnode: Windows Node died: ${killedByWine}\n`);
    });
  });

  test('what a killed run left running is ended by the next one', async () => {
    const source = `
      const child = require('node:child_process').spawn(process.execPath,
        ['-e', ${JSON.stringify(hang)}], { stdio: 'inherit', detached: true });`;
    const killed = start(['-e', source], { env });
    await killed.saw('up');
    killed.child.kill('SIGKILL');
    await expect.poll(() => programsOf(cache)).toHaveLength(1);
    expect(await winnode(['-p', '1'], { env })).toMatchObject({ stdout: '1\n', stderr: '' });
    expectNothingLeft();
  });

  describe('a wineserver that does not answer', () => {
    const quick = { ...env, WINNODE_START_LIMIT: '2' };
    const stop = () => {
      const pid = serverOf(prefix);
      if (pid === undefined) throw new Error('there is no wineserver');
      process.kill(pid, 'SIGSTOP');
      return pid;
    };

    test('and that nobody uses is replaced', async () => {
      const killed = start(['-e', hang], { env });
      await killed.saw('up');
      killed.child.kill('SIGKILL');
      await killed.ended;
      const pid = stop();
      // The limit is also that of the new one's start.
      const limited = { ...env, WINNODE_START_LIMIT: '4' };
      const { code, stdout, stderr } = await winnode(['-p', '1'], { env: limited });
      expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n' });
      expect(stderr).toBe(
        `winnode: The wineserver of ${prefix}, process ${pid}, does not answer: it is stopped. ` +
          'Nobody uses it: it is ended, and another one is started.\n',
      );
      expectNothingLeft();
    });

    test('and that others use is named, and left to them', async () => {
      const other = start(['-e', until(4)], { env });
      await other.saw('up');
      const pid = stop();
      const refused = await winnode(['-p', '1'], { env: quick });
      process.kill(pid, 'SIGCONT');
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toBe(
        `winnode: The wineserver of ${prefix}, process ${pid}, does not answer: it is stopped.\n` +
          `End it and all that uses it: kill -9 ${pid}\n`,
      );
      other.child.stdin?.end();
      expect((await other.ended).code).toBe(4);
      expectNothingLeft();
    });

    test('when a program starts: the wait ends, and the next run goes on', async () => {
      // The first one starts the server, so that the short limit is for the program alone.
      const sessions = [await openSession({ env }), await openSession({ env: quick })] as const;
      const pid = stop();
      const run = sessions[1].run(['-p', '1'], { stdio: 'ignore' });
      await expect(run).rejects.toMatchObject({
        code: 'ERR_WINESERVER',
        message: expect.stringContaining(
          `within 2 s: the wineserver of ${prefix}, process ${pid},`,
        ),
      });
      for (const session of sessions) await session.close();
      expectNothingLeft();
      expect((await winnode(['-p', '1'], { env })).stdout).toBe('1\n');
    });
  });
});

describe('wrong arguments are one line and one hint, exit code 2', () => {
  test.each([
    [['--time-limit'], '--time-limit wants a number of seconds.'],
    [['--time-limit='], 'got ""'],
    [['--time-limit', '0', 'x.js'], 'got "0"'],
    [['--time-limit', '-1', 'x.js'], 'got "-1"'],
    [['--time-limit', '1e3', 'x.js'], 'got "1e3"'],
    [['--time-limit', '10s', 'x.js'], 'got "10s"'],
    [['--time-limit', '2147484', 'x.js'], 'got "2147484"'],
    [['doctor', '--markdown'], '--markdown goes with doctor --probe'],
    [['doctor', '--probe', '--json', '--markdown'], 'and without --json'],
    [['doctor', '--jsn'], 'not "--jsn".'],
    [['doctor', 'F06'], 'F06: findings go with --probe.'],
    [['doctor', '--probe', 'F6'], 'not "F6".'],
  ])('%j', async (args, said) => {
    const { code, stdout, stderr } = await winnode(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(said);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  });

  test.skipIf(host.kind !== 'wine')(`a start limit that is none ${reason}`, async () => {
    const env = { ...process.env, WINNODE_START_LIMIT: 'soon' };
    const { code, stderr } = await winnode(['-p', '1'], { env });
    expect(code).toBe(2);
    expect(stderr).toContain('WINNODE_START_LIMIT is "soon".');
  });
});

test('--help names everything there is', () => {
  const bin = join(import.meta.dirname, '../bin/winnode.mjs');
  const { stdout, status } = spawnSync(process.execPath, [bin, '--help'], { encoding: 'utf8' });
  expect(status).toBe(0);
  for (const word of [
    'doctor',
    '--probe',
    '--markdown',
    '--json',
    '--time-limit',
    'WINNODE_START_LIMIT',
    '124',
    'Usage',
  ]) {
    expect(stdout).toContain(word);
  }
});
