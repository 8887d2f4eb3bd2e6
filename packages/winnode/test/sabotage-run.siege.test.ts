import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findWine, openSession, timeLimitExitCode } from 'winnode';
import { quotedWord } from 'winnode/internal';
import { bin, host, start, winnode } from './cli.js';
import {
  cacheEnvironment,
  copyPrefix,
  makeCache,
  prefixIn,
  processesOf,
  programsOf,
  removeCache,
  serverOf,
} from './prefixes.js';
import { expectCrash, expectNothingLeft, hang, reason, stopServer, until } from './sabotage.js';

// Tests that take long: they wait until a limit has passed, or keep a processor busy.
// sabotage-run.test.ts has the other tests of a run.

describe.skipIf(host.kind !== 'wine')(`a run in which something fails ${reason}`, () => {
  const cache = host.kind === 'wine' ? makeCache() : '';
  const env = cacheEnvironment(cache);
  const prefix = host.kind === 'wine' ? prefixIn(cache) : '';
  const quick = { ...env, WINNODE_START_LIMIT: '2' };

  beforeAll(() => copyPrefix(prefix), 200_000);
  afterAll(() => removeCache(cache));

  describe('winnode prints the cause of a crash', () => {
    test('winnode names process.abort() as the cause', async () => {
      const { code, signal, stderr } = await winnode(['-e', 'process.abort()'], { env });
      expect({ code, signal }).toEqual({ code: 134, signal: null });
      expect(stderr.trimEnd().split('\n').at(-1)).toBe(
        'winnode: Windows Node died: exit code 134: process.abort(), or a failed assertion in Node itself',
      );
    });

    test('winnode names a breakpoint as the cause', () =>
      expectCrash(env, '%SystemBreak()', {
        code: 3,
        said: '0x80000003 STATUS_BREAKPOINT (exit code 3)',
      }));

    test('winnode says that process.kill may have ended the program', () =>
      expectCrash(env, `process.kill(process.pid, 'SIGKILL')`, {
        code: 1,
        said: 'exit code 1: another program ended it, or it ended without its exit handlers',
      }));

    test('winnode ends a program that hangs after its crash, and names the crash', async () => {
      // Without its debugger Wine ends only the thread that crashed, and the others wait for ever.
      const root = join(import.meta.dirname, '../../../package.json');
      const kernel32 = createRequire(root).resolve('ntdllx/kernel32');
      const accessViolation = `import('file:///Z:' + ${JSON.stringify(kernel32)})
        .then(({ CreateEventA }) => CreateEventA(0, 1, 0, 16))`;
      const own = { ...env, WINEDLLOVERRIDES: 'mscoree,mshtml=;winedbg.exe=d' };
      const { code, stderr } = await winnode(['-e', accessViolation], { env: own });
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/winnode: Windows Node died: (its main thread crashed|0xC0000005)/);
    });

    test.each([1, 3, 5, 134])(
      'winnode reports no crash if the program itself exits with %d',
      async (code) => {
        const run = await winnode(['-e', `process.exitCode = ${code}`], { env });
        expect(run).toMatchObject({ code, stderr: '' });
      },
    );

    test('winnode reports no failed start while a program waits for a debugger', async () => {
      // This session starts the wineserver, so that the short limit applies only to the program.
      const session = await openSession({ env });
      const waiting = start(['--inspect-brk=127.0.0.1:0', '-e', '0'], { env: quick });
      await once(waiting.child.stderr as NodeJS.ReadableStream, 'data');
      // Longer than the start limit.
      await new Promise((done) => setTimeout(done, 2_500));
      waiting.child.kill('SIGTERM');
      const { signal, stderr } = await waiting.ended;
      await session.close();
      expect(signal).toBe('SIGTERM');
      expect(stderr).toContain('Debugger listening');
      expect(stderr).not.toContain('winnode:');
    });
  });

  // 66 is Wine's exit code of a failed start, 5 that of a crash.
  test.each([
    ['277', 66],
    ['777', 5],
    ['777', 66],
  ])('under umask %s winnode runs a program that exits with %d only once', async (umask, code) => {
    const runs = join(cache, `runs ${umask} ${code}`);
    mkdirSync(runs);
    const source = `require('node:fs').mkdirSync(process.argv[1] + '/' + process.hrtime.bigint());
      process.exitCode = ${code};`;
    // Root can write without the write permission.
    const isRoot = process.getuid?.() === 0;
    const user = isRoot ? 'setpriv --inh-caps=-all --bounding-set=-dac_override' : 'env';
    const script = `umask ${umask}; exec ${user} "$@"`;
    // Wine cannot start a wineserver under such a umask, so this session starts it.
    const session = await openSession({ env });
    const words = [process.execPath, bin, '-e', source, `Z:${runs.replaceAll('/', '\\')}`];
    for (let run = 0; run < 2; run += 1) {
      const { status, stderr } = spawnSync('bash', ['-c', script, 'umask', ...words], {
        env,
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({ status: code, stderr: '' });
      expect(readdirSync(runs)).toHaveLength(run + 1);
    }
    await session.close();
    expectNothingLeft(cache);
  });

  test('winnode ends the programs of an earlier run that was killed', async () => {
    const source = `
      const child = require('node:child_process').spawn(process.execPath,
        ['-e', ${JSON.stringify(hang)}], { stdio: 'inherit', detached: true });`;
    const killed = start(['-e', source], { env });
    await killed.saw('up');
    killed.child.kill('SIGKILL');
    await expect.poll(() => programsOf(cache)).toHaveLength(1);
    expect(await winnode(['-p', '1'], { env })).toMatchObject({ stdout: '1\n', stderr: '' });
    expectNothingLeft(cache);
  });

  describe('winnode ends a script that hangs', () => {
    test('winnode ends a script after timeLimitMs, but not a shorter one', async () => {
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
      expectNothingLeft(cache);
    });

    test('winnode ends a script and its children after --time-limit; other programs continue', async () => {
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
        stderr:
          'winnode: the program did not end within its time limit of 3.5 s, so winnode ended it\n',
      });
      expect(programsOf(cache)).toEqual(others);
      other.child.stdin?.end();
      expect((await other.ended).code).toBe(3);
      expectNothingLeft(cache);
    });
  });

  test('when a run ends, it does not end a wineserver that Wine started for it and other runs use', async () => {
    const session = await openSession({ env });
    const { server } = findWine(env);
    spawnSync(server, ['-k'], { env: { ...env, WINEPREFIX: prefix } });
    await expect.poll(() => serverOf(prefix)).toBeUndefined();
    // Wine starts the next wineserver for this program. It has the variable of this run.
    const first = session.run(['-e', hang], { stdio: 'ignore', timeLimitMs: 6_000 });
    await expect.poll(() => serverOf(prefix)).toBeDefined();
    const ownServer = serverOf(prefix);
    const other = start(['-e', until(3)], { env });
    await other.saw('up');
    expect(await first).toMatchObject({ exitCode: timeLimitExitCode });
    expect(serverOf(prefix)).toBe(ownServer);
    expect(await winnode(['-p', '1'], { env })).toMatchObject({ code: 0, stdout: '1\n' });
    other.child.stdin?.end();
    expect(await other.ended).toMatchObject({ code: 3, stderr: '' });
    await session.close();
    expectNothingLeft(cache);
  });

  test.each([
    ['wineboot.exe', 'ended while Wine started'],
    ['node.exe', 'ended before Windows Node started'],
  ])(
    'if the wineserver is killed while %s starts, winnode stops waiting and names the wineserver',
    async (name, said) => {
      const { loader, server } = findWine();
      const killing = join(cache, `killing ${name}`);
      // In this case Wine may wait for ever, so this script waits for a long time.
      const script = `case "$*" in *${name}*) ${quotedWord(server)} -k9; exec sleep 300 ;; esac; exec ${quotedWord(loader)} "$@"`;
      writeFileSync(killing, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const ended = await winnode(['-p', '1'], {
        env: { ...env, WINNODE_WINE: killing, WINESERVER: server },
      });
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toMatch(
        new RegExp(`^winnode: The wineserver of ${prefix} ${said}\\.\n.+\n$`),
      );
      expectNothingLeft(cache);
      expect(await winnode(['-p', '2'], { env })).toMatchObject({ code: 0, stdout: '2\n' });
    },
  );

  describe('if the wineserver does not answer', () => {
    test('winnode reports a wineserver that other programs use, but does not end it', async () => {
      const other = start(['-e', until(4)], { env });
      await other.saw('up');
      const pid = stopServer(prefix);
      const refused = await winnode(['-p', '1'], { env: quick });
      process.kill(pid, 'SIGCONT');
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toBe(
        `winnode: The wineserver of ${prefix}, process ${pid}, does not answer: it is stopped.\n` +
          `End it, and with it the programs that use it: kill -9 ${pid}\n`,
      );
      other.child.stdin?.end();
      expect((await other.ended).code).toBe(4);
      expectNothingLeft(cache);
    });

    test('winnode replaces a wineserver that no program uses', async () => {
      const killed = start(['-e', hang], { env });
      await killed.saw('up');
      killed.child.kill('SIGKILL');
      await killed.ended;
      const pid = stopServer(prefix);
      // The limit also applies to the start of the new wineserver.
      const limited = { ...env, WINNODE_START_LIMIT: '4' };
      const { code, stdout, stderr } = await winnode(['-p', '1'], { env: limited });
      expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n' });
      expect(stderr).toBe(
        `winnode: The wineserver of ${prefix}, process ${pid}, does not answer: it is stopped. ` +
          'No program uses it: winnode ends it and starts another one.\n',
      );
      expectNothingLeft(cache);
    });

    test('winnode stops waiting for a start, and the next run works', async () => {
      // The first session starts the wineserver, so that the short limit applies only to the
      // program.
      const sessions = [await openSession({ env }), await openSession({ env: quick })] as const;
      const pid = stopServer(prefix);
      const run = sessions[1].run(['-p', '1'], { stdio: 'ignore' });
      await expect(run).rejects.toMatchObject({
        code: 'ERR_WINESERVER',
        message: expect.stringContaining(
          `within 2 s: the wineserver of ${prefix}, process ${pid},`,
        ),
      });
      for (const session of sessions) await session.close();
      expectNothingLeft(cache);
      expect((await winnode(['-p', '1'], { env })).stdout).toBe('1\n');
    });

    test('SIGINT still ends a run that waits for the wineserver', async () => {
      const other = start(['-e', until(0)], { env });
      await other.saw('up');
      const pid = stopServer(prefix);
      const waiting = start(['-p', '1'], { env });
      await new Promise((done) => setTimeout(done, 700));
      waiting.child.kill('SIGINT');
      // Without SIGINT the run would wait until the limit, and then report the wineserver.
      expect(await waiting.ended).toMatchObject({ signal: 'SIGINT', stderr: '' });
      process.kill(pid, 'SIGCONT');
      other.child.stdin?.end();
      expect((await other.ended).code).toBe(0);
      expect(processesOf(cache)).toEqual([]);
    });

    test('winnode reports a wineserver that loops from its start', {
      timeout: 40_000,
    }, async () => {
      const spinning = join(cache, 'wineserver');
      const pids = join(cache, 'pids');
      writeFileSync(spinning, `#!/bin/sh\necho $$ >> ${quotedWord(pids)}\nwhile :; do :; done\n`);
      chmodSync(spinning, 0o755);
      // WINESERVER names a script that loops.
      const run = await winnode(['-p', '1'], { env: { ...quick, WINESERVER: spinning } });
      expect(run).toMatchObject({ code: 1, stdout: '' });
      expect(run.stderr).toMatch(/wineserver does not answer -k0 within 5 s\.\n.*WINESERVER/);
      for (const pid of readFileSync(pids, 'utf8').trim().split('\n')) {
        expect(existsSync(`/proc/${pid}`)).toBe(false);
      }
      rmSync(spinning);
      rmSync(pids);
      expect((await winnode(['-p', '1'], { env })).stdout).toBe('1\n');
    });
  });
});
