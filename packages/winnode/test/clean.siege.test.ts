import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clean, openSession } from 'winnode';
import { winnode } from './cli.js';
import { cacheEnvironment, copyPrefix, prefixIn } from './prefixes.js';
import { expectRefusal, inNamespace, newCache, noMounts, reason } from './sabotage.js';

// What clean removes, what it never removes, and what it keeps while a program runs.

const inUse = 'a running program may load it';

describe.skipIf(reason !== '')(`winnode clean ${reason}`, () => {
  test('clean keeps a prefix in use, and the files that its programs may load, until they have ended', async () => {
    const cache = newCache();
    const env = cacheEnvironment(cache);
    const [prefix, unused] = [prefixIn(cache), `${prefixIn(cache)}.old-12345`];
    await copyPrefix(prefix);
    mkdirSync(unused);
    const [node] = readdirSync(join(cache, 'node')).map((name) => join(cache, 'node', name));
    const session = await openSession({ env });
    const why = `process ${process.pid} uses it`;
    expect(await clean({ env })).toEqual({
      removed: [],
      kept: [
        { path: prefix, why },
        { path: node, why: inUse },
      ],
    });
    const { code, stdout } = await winnode(['clean'], { env });
    expect(code).toBe(1);
    expect(stdout).toBe(`kept    ${prefix}: ${why}\nkept    ${node}: ${inUse}\n`);
    expect(await session.run(['-p', '1'], { stdio: 'ignore' })).toMatchObject({ exitCode: 0 });
    await session.close();
    expect(await clean({ env })).toEqual({ removed: [prefix, node], kept: [] });
    expect(existsSync(cache)).toBe(false);
  });

  test('clean never removes the prefix of WINNODE_PREFIX, nor files that its running programs may load', async () => {
    const cache = newCache();
    const chosen = join(newCache(), 'chosen');
    await copyPrefix(chosen);
    const env = { ...cacheEnvironment(cache), WINNODE_PREFIX: chosen };
    const [node] = readdirSync(join(cache, 'node')).map((name) => join(cache, 'node', name));
    const session = await openSession({ env });
    expect(await clean({ env })).toMatchObject({
      removed: [],
      kept: [{ path: chosen }, { path: node }],
    });
    await session.close();
    expect(await clean({ env })).toEqual({ removed: [node], kept: [] });
    // A prefix that WINNODE_PREFIX names belongs to the user even if it lies in the cache.
    const own = prefixIn(cache);
    mkdirSync(own, { recursive: true });
    expect(await clean({ env: { ...env, WINNODE_PREFIX: own } })).toEqual({
      removed: [],
      kept: [],
    });
    expect(existsSync(own)).toBe(true);
  });

  test('clean does not remove files that winnode did not make, by name or through links', async () => {
    const cache = newCache();
    const env = cacheEnvironment(cache);
    const theirs = newCache();
    writeFileSync(join(theirs, 'precious'), '');
    const names = [
      'precious',
      'wine-8.0',
      'node-22-v1',
      `${prefixIn(cache).split('/').at(-1)}.bak`,
    ];
    for (const name of names) mkdirSync(join(cache, name));
    mkdirSync(join(cache, 'packages'));
    symlinkSync(theirs, join(cache, 'packages', 'linked'));
    await clean({ env });
    expect(readdirSync(cache).sort()).toEqual([...names].sort());
    expect(existsSync(join(theirs, 'precious'))).toBe(true);
  });

  test.skipIf(noMounts !== '')(
    `clean names a read-only cache in its message, and does not remove it ${noMounts}`,
    async () => {
      const cache = newCache();
      const { status, stderr } = inNamespace(
        `mount --bind "$WINNODE_CACHE" "$WINNODE_CACHE"
       mount -o remount,bind,ro "$WINNODE_CACHE"
       exec "$NODE" "$WINNODE" clean`,
        cacheEnvironment(cache),
      );
      expect(status).toBe(1);
      expectRefusal(stderr, /cannot be written: its file system is read-only\./);
      expect(readdirSync(join(cache, 'node'))).toHaveLength(1);
    },
  );
});
