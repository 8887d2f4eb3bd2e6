import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findWine } from 'winnode';
import { quotedWord } from 'winnode/internal';
import { host, start, winnode } from './cli.js';
import {
  cacheEnvironment,
  copyPrefix,
  prefixesIn,
  prefixIn,
  processesOf,
  serverDirectory,
} from './prefixes.js';
import { ageLock, expectRefusal, inNamespace, newCache, noMounts, reason } from './sabotage.js';

// Tests that create complete prefixes, several times. sabotage-prefix.test.ts has shorter tests of
// the same kinds.

describe.skipIf(noMounts !== '')(`a cache that winnode cannot write ${noMounts}`, () => {
  test('winnode reports a full disk, also with a complete prefix; with free space it runs', async () => {
    const cache = newCache();
    await copyPrefix(prefixIn(cache));
    const { stdout, stderr } = inNamespace(
      `mkdir "$CACHE/full"; mount -t tmpfs -o size=64m none "$CACHE/full"
       cp -a "$PREFIX" "$CACHE/full/"
       ln -s "$CACHE/node" "$CACHE/full/node"
       dd if=/dev/zero of="$CACHE/full/filler" bs=1M 2>/dev/null || true
       WINNODE_CACHE="$CACHE/full" "$NODE" "$WINNODE" -p 1 || echo "code $?"
       rm "$CACHE/full/filler"
       WINNODE_CACHE="$CACHE/full" "$NODE" "$WINNODE" -p 2`,
      { ...process.env, CACHE: cache, PREFIX: prefixIn(cache) },
    );
    expect(stdout).toBe('code 1\n2\n');
    expectRefusal(stderr, /cannot be written: the disk is full\./);
    expect(processesOf(cache)).toEqual([]);
  });

  test('winnode reports a read-only file system, without a prefix and with a complete one', async () => {
    const cache = newCache();
    for (const prepare of [() => {}, () => copyPrefix(prefixIn(cache))]) {
      await prepare();
      const { stdout, stderr } = inNamespace(
        `mount --bind "$CACHE" "$CACHE"; mount -o remount,bind,ro "$CACHE"
         WINNODE_CACHE="$CACHE" "$NODE" "$WINNODE" -p 1 || echo "code $?"`,
        { ...process.env, CACHE: cache },
      );
      expect(stdout).toBe('code 1\n');
      expectRefusal(stderr, /cannot be written: its file system is read-only\./);
    }
  });

  test('winnode does not replace a damaged prefix on a full disk; with free space it does', async () => {
    const cache = newCache();
    await copyPrefix(prefixIn(cache));
    const { stdout, stderr, status } = inNamespace(
      `mkdir "$CACHE/small"; mount -t tmpfs -o size=200m none "$CACHE/small"
       cp -a "$CACHE"/wine-* "$CACHE/small/"
       ln -s "$CACHE/node" "$CACHE/small/node"; mkdir "$CACHE/small/locks"
       before=$(ls -A "$CACHE/small")
       rm "$CACHE"/small/wine-*/drive_c/windows/system32/kernel32.dll
       WINNODE_CACHE="$CACHE/small" "$NODE" "$WINNODE" -p 1 || echo "code $?"
       [ "$before" = "$(ls -A "$CACHE/small")" ] && echo "nothing left"
       mount -o remount,size=2g "$CACHE/small"
       WINNODE_CACHE="$CACHE/small" "$NODE" "$WINNODE" -p 2
       WINNODE_CACHE="$CACHE/small" "$NODE" "$WINNODE" -p 3
       [ "$before" = "$(ls -A "$CACHE/small")" ] && echo "nothing left"`,
      { ...process.env, CACHE: cache },
    );
    expect(stdout).toBe('code 1\nnothing left\n2\n3\nnothing left\n');
    const [damaged, full, free, again, ...rest] = stderr.trimEnd().split('\n');
    expect(damaged).toMatch(
      /^winnode: .+ is damaged \(system32\/kernel32.dll is missing\); making/,
    );
    expect(full).toMatch(
      /^winnode: .+\/small cannot be written: the disk is full\. Making a Wine prefix needs 700 MB/,
    );
    expect(free).toMatch(/^Free some space there, or set WINNODE_CACHE/);
    expect([again, ...rest]).toEqual([damaged]);
    expect(status).toBe(0);
    expect(processesOf(cache)).toEqual([]);
  });
});

describe.skipIf(host.kind !== 'wine')(`a failed start ${reason}`, () => {
  const readyOf = (prefix: string) => readFileSync(join(prefix, '.winnode', 'ready.json'), 'utf8');

  test('winnode prints Wine’s message, and keeps a prefix that is not the cause', async () => {
    const cache = newCache();
    const prefix = prefixIn(cache);
    await copyPrefix(prefix);
    const ready = readyOf(prefix);
    const { loader, server } = findWine();
    const isBroken = join(cache, 'is broken');
    const wine = join(cache, 'wine64');
    const says = `echo 'wine: the reason' >&2; exit 7`;
    writeFileSync(
      wine,
      `#!/bin/sh\nif [ -e ${quotedWord(isBroken)} ] && [ "$1" != --version ]; then ${says}; fi\nexec ${quotedWord(loader)} "$@"\n`,
    );
    chmodSync(wine, 0o755);
    writeFileSync(isBroken, '');
    const env = { ...cacheEnvironment(cache), WINNODE_WINE: wine, WINESERVER: server };
    const first = await winnode(['-p', '1'], { env });
    expect(first).toMatchObject({ code: 1, stdout: '' });
    expect(first.stderr).toMatch(
      /Wine does not start in .+ended with exit code 7.+\nWine says: wine: the reason\n/,
    );
    const second = await winnode(['-p', '2'], { env });
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toMatch(
      /^winnode: Windows Node does not start in .+; making a new prefix, which replaces it if/,
    );
    expect(second.stderr).toMatch(
      /could not make a prefix: wineboot ended with exit code 7\.\nwine: the reason\n/,
    );
    expect(readyOf(prefix)).toBe(ready);
    rmSync(isBroken);
    const third = await winnode(['-p', '3'], { env });
    expect(third).toEqual({ code: 0, signal: null, stdout: '3\n', stderr: '' });
    expect(readyOf(prefix)).toBe(ready);
    expect(processesOf(cache)).toEqual([]);
  });

  test('winnode replaces a prefix whose damage no check detects', async () => {
    const cache = newCache();
    const prefix = prefixIn(cache);
    const env = cacheEnvironment(cache);
    await copyPrefix(prefix);
    const dll = join(prefix, 'drive_c/windows/system32/kernel32.dll');
    const { size } = statSync(dll);
    rmSync(dll);
    writeFileSync(dll, 'x'.repeat(size));
    expect((await winnode(['-p', '1'], { env })).code).not.toBe(0);
    const again = await winnode(['-p', '2'], { env });
    expect(again).toMatchObject({ code: 0, stdout: '2\n' });
    expect(again.stderr).toMatch(
      /^winnode: Windows Node does not start in .+; making a new prefix, which replaces it .+\n$/,
    );
    expect(await winnode(['-p', '3'], { env })).toMatchObject({
      code: 0,
      stdout: '3\n',
      stderr: '',
    });
    const prefixes = readdirSync(cache).filter((name) => name.startsWith('wine-'));
    expect(prefixes).toEqual([basename(prefix)]);
  });
});

describe.skipIf(host.kind !== 'wine')(`a killed first run ${reason}`, () => {
  const filesIn = (directory: string) =>
    existsSync(directory) ? readdirSync(directory).length : 0;
  const makingIn = (cache: string) =>
    join(cache, readdirSync(cache).find((name) => name.includes('.making-')) ?? 'none');
  const system32In = (cache: string) =>
    filesIn(join(makingIn(cache), 'drive_c', 'windows', 'system32'));

  test('of two runs after a killed first run one removes its files and makes the prefix', async () => {
    const cache = newCache();
    const env = cacheEnvironment(cache);
    const lock = `${prefixIn(cache)}.lock`;
    const moments: (() => boolean)[] = [
      () => existsSync(makingIn(cache)),
      () => system32In(cache) > 300,
      () => existsSync(join(makingIn(cache), 'drive_c/windows/system32/bcryptprimitives.dll')),
    ];
    const temporary = new Set<string>();
    let before: string[] = [];
    for (const isThere of moments) {
      ageLock(cache);
      const killed = start(['-p', '1'], { env });
      await expect
        .poll(() => !before.includes(makingIn(cache)) && isThere(), {
          timeout: 100_000,
          interval: 5,
        })
        .toBe(true);
      killed.child.kill('SIGKILL');
      expect((await killed.ended).signal).toBe('SIGKILL');
      before = [makingIn(cache)];
      const directory = serverDirectory(makingIn(cache));
      if (directory !== undefined) temporary.add(directory);
    }
    expect(existsSync(prefixIn(cache))).toBe(false);
    ageLock(cache);

    const isDebian = host.wine.includes('Debian');
    expect(temporary.size).toBeGreaterThanOrEqual(isDebian ? 1 : 0);
    const runs = [start(['-p', '1 + 1'], { env }), start(['-p', '2 + 2'], { env })];
    const ends = await Promise.all(runs.map(({ ended }) => ended));
    expect(ends.map(({ stdout }) => stdout)).toEqual(['2\n', '4\n']);
    const [waiter, maker] = ends.map(({ stderr }) => stderr).sort();
    expect(waiter).toBe('');
    expect(maker).toMatch(/^winnode: Making a Wine prefix in .+\n$/);
    const notices = runs.map((run) => run.notices()).join('');
    expect(notices).toContain(`winnode: Waiting for another winnode (${lock})\n`);
    expect([...temporary].filter((directory) => existsSync(directory))).toEqual([]);
    expect(prefixesIn(cache)).toEqual([prefixIn(cache).slice(cache.length + 1)]);
    expect(processesOf(cache)).toEqual([]);
  });

  test('after the repair of a prefix was killed, two runs start at once: one makes the prefix, the other waits', async () => {
    const cache = newCache();
    const env = cacheEnvironment(cache);
    const prefix = prefixIn(cache);
    await copyPrefix(prefix);
    rmSync(join(prefix, 'system.reg'));
    const killed = start(['-p', '1'], { env });
    await expect.poll(() => readdirSync(cache).join(), { timeout: 100_000 }).toMatch(/\.making-/);
    killed.child.kill('SIGKILL');
    expect((await killed.ended).signal).toBe('SIGKILL');
    ageLock(cache);

    const runs = [start(['-p', '1 + 1'], { env }), start(['-p', '2 + 2'], { env })];
    const ends = await Promise.all(runs.map(({ ended }) => ended));
    expect(ends.map(({ stdout }) => stdout)).toEqual(['2\n', '4\n']);
    const [waiter, maker] = ends.map(({ stderr }) => stderr).sort();
    expect(waiter).toBe('');
    expect(maker).toMatch(
      /^winnode: .+ is damaged \(system\.reg is missing\); making it again .+\n$/,
    );
    expect(prefixesIn(cache)).toEqual([basename(prefix)]);
    expect(processesOf(cache)).toEqual([]);
  });
});
