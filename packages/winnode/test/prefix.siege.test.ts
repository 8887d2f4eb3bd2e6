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

// Several programs in one prefix, and a wineserver that another program started. prefix.test.ts has
// the other tests of a prefix.

describe.skipIf(host.kind !== 'wine')(`a prefix that several programs use ${reason}`, () => {
  beforeAll(() => copyPrefix(prefix()), 200_000);
  afterAll(() => removeCache(cache));

  test('a short run does not disturb a long run beside it, in either order', async () => {
    // A program ends when its standard input ends, so this test determines the order.
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

  test('winnode uses a wineserver that another program started, and does not end it', async () => {
    const wine = findWine();
    const theirs = { ...env, WINEPREFIX: prefix(), WINEDEBUG: '-all' };
    // A record that a killed run left does not name this wineserver, so winnode must not end it.
    writeFileSync(join(prefix(), '.winnode', 'wineserver-by-winnode'), '1 12345');
    execFileSync(wine.server, ['-p20'], { env: theirs, stdio: 'ignore' });
    expect((await winnode(['-p', '3'], { env })).stdout).toBe('3\n');
    expect(isServerRunning()).toBe(true);
    execFileSync(wine.server, ['-k'], { env: theirs });
  });
});
