import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession } from 'winnode';
import { host, start, winnode } from './cli.js';
import {
  cacheEnvironment,
  copyPrefix,
  makeCache,
  prefixIn,
  processesOf,
  removeCache,
  serverOf,
} from './prefixes.js';
import { reason } from './sabotage.js';

// Real clocks: a limit has to pass, or a processor is kept busy meanwhile. The rest of it is in
// sabotage-run.test.ts.

describe.skipIf(host.kind !== 'wine')(`what goes wrong in a run ${reason}`, () => {
  const cache = host.kind === 'wine' ? makeCache() : '';
  const env = cacheEnvironment(cache);
  const quick = { ...env, WINNODE_START_LIMIT: '2' };

  beforeAll(() => copyPrefix(prefixIn(cache)), 200_000);
  afterAll(() => removeCache(cache));

  describe('a program that crashes is named, and others go on', () => {
    test('who waits for a debugger does not count as one that hangs', async () => {
      // It starts the server, so that the short limit is for the program alone.
      const session = await openSession({ env });
      const waiting = start(['--inspect-brk=127.0.0.1:0', '-e', '0'], { env: quick });
      await once(waiting.child.stderr as NodeJS.ReadableStream, 'data');
      // Longer than the limit.
      await new Promise((done) => setTimeout(done, 2_500));
      waiting.child.kill('SIGTERM');
      const { signal, stderr } = await waiting.ended;
      await session.close();
      expect(signal).toBe('SIGTERM');
      expect(stderr).toContain('Debugger listening');
      expect(stderr).not.toContain('winnode:');
    });
  });

  describe('a wineserver that does not answer', () => {
    test('while Ctrl-C comes: it is heard', async () => {
      const until = `console.log('up'); process.stdin.on('end', () => {}).resume()`;
      const other = start(['-e', until], { env });
      await other.saw('up');
      const pid = serverOf(prefixIn(cache)) as number;
      process.kill(pid, 'SIGSTOP');
      const waiting = start(['-p', '1'], { env });
      await new Promise((done) => setTimeout(done, 700));
      waiting.child.kill('SIGINT');
      // Whoever waits to the end says that the wineserver does not answer.
      expect(await waiting.ended).toMatchObject({ signal: 'SIGINT', stderr: '' });
      process.kill(pid, 'SIGCONT');
      other.child.stdin?.end();
      expect((await other.ended).code).toBe(0);
      expect(processesOf(cache)).toEqual([]);
    });

    test('a wineserver that spins from its start', { timeout: 40_000 }, async () => {
      const spinning = join(cache, 'wineserver');
      const pids = join(cache, 'pids');
      writeFileSync(spinning, `#!/bin/sh\necho $$ >> '${pids}'\nwhile :; do :; done\n`);
      chmodSync(spinning, 0o755);
      // A Wine without a wineserver of its own beside it, so that this one is taken.
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
