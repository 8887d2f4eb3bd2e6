import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findWine } from 'winnode';
import { host, type Running, start, winnode } from './cli.js';
import { cacheEnvironment, copyPrefix, makeCache, prefixIn, removeCache } from './prefixes.js';

const cache = host.kind === 'wine' ? makeCache() : '';
const env = cacheEnvironment(cache);
const prefix = () => prefixIn(cache);

function isServerRunning(): boolean {
  const { server } = findWine();
  return spawnSync(server, ['-k0'], { env: { ...env, WINEPREFIX: prefix() } }).status === 0;
}

const reason = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;

// Several programs in one prefix, and a server that was there before; prefix.test.ts has the rest.

describe.skipIf(host.kind !== 'wine')(`a prefix that others use ${reason}`, () => {
  beforeAll(() => copyPrefix(prefix()), 200_000);
  afterAll(() => removeCache(cache));

  test('a short run does not disturb a long run beside it, in either order', async () => {
    // Both end when standard input does, so the order is this test's and not the clock's.
    const until = `console.log('up'); process.stdin.on('end', () => console.log('alive')).resume()`;
    const begin = async () => {
      const running = start(['-e', until], { env });
      await running.saw('up');
      return running;
    };
    const end = async (running: Running) => {
      running.child.stdin?.end();
      expect(await running.ended).toMatchObject({ code: 0, stdout: 'up\nalive\n', stderr: '' });
    };
    const first = await begin();
    const long = await begin();
    await end(first);
    await end(await begin());
    await end(long);
    expect(isServerRunning()).toBe(false);
  });

  test('a server that another program started is used and not ended', async () => {
    const wine = findWine();
    const theirs = { ...env, WINEPREFIX: prefix(), WINEDEBUG: '-all' };
    // What a run that was killed leaves behind does not make it ours.
    writeFileSync(join(prefix(), '.winnode', 'wineserver-by-winnode'), '1 12345');
    execFileSync(wine.server, ['-p20'], { env: theirs, stdio: 'ignore' });
    expect((await winnode(['-p', '3'], { env })).stdout).toBe('3\n');
    expect(isServerRunning()).toBe(true);
    execFileSync(wine.server, ['-k'], { env: theirs });
  });
});
