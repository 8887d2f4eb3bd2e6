import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { bin, host, start, winnode } from './cli.js';
import {
  cacheEnvironment,
  copyPrefix,
  makeCache,
  prefixIn,
  processesOf,
  removeCache,
  serverDirectory,
} from './prefixes.js';

const reason = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;
const caches: string[] = [];
const newCache = () => {
  caches.push(makeCache());
  return caches.at(-1) as string;
};

// readdir would follow the link that is drive Z to everything there is.
const filesUnder = (directory: string) =>
  spawnSync('find', [directory], { encoding: 'utf8' }).stdout.split('\n').sort().join('\n');

/** What happened in one line, what to do in one. */
function expectRefusal(stderr: string, said: RegExp): void {
  expect(stderr).toMatch(said);
  expect(stderr.trimEnd().split('\n')).toHaveLength(2);
}

afterAll(() => {
  for (const cache of caches) removeCache(cache);
});

describe.skipIf(host.kind !== 'wine')(`a damaged prefix ${reason}`, () => {
  const system32 = (prefix: string, name: string) =>
    join(prefix, 'drive_c', 'windows', 'system32', name);
  const replace = (file: string, content: string) => {
    // Unlinked first: in system32 most files are links to Wine's own.
    unlinkSync(file);
    writeFileSync(file, content);
  };
  const ready = (prefix: string) => join(prefix, '.winnode', 'ready.json');
  const damages: [name: string, damage: (prefix: string) => void, said: RegExp][] = [
    ['ready.json missing', (p) => rmSync(ready(p)), /ready\.json is missing or garbled/],
    ['ready.json empty', (p) => truncateSync(ready(p)), /ready\.json is missing or garbled/],
    ['ready.json of null', (p) => replace(ready(p), 'null'), /ready\.json is missing or garbled/],
    [
      'ready.json half written',
      (p) => truncateSync(ready(p), 1000),
      /ready\.json is missing or garbled/,
    ],
    [
      'ready.json without its lists',
      (p) => replace(ready(p), JSON.stringify({ layout: 2, wine: host.wine })),
      /ready\.json is missing or garbled/,
    ],
    [
      'another Wine',
      (p) => replace(ready(p), JSON.stringify({ layout: 2, wine: 'wine-9.9' })),
      /it was made with wine-9\.9, and this is wine-/,
    ],
    [
      'an older winnode',
      (p) => replace(ready(p), JSON.stringify({ wine: host.wine })),
      /made by another version of winnode/,
    ],
    [
      'no drive_c',
      (p) => rmSync(join(p, 'drive_c'), { recursive: true }),
      /system32\/.+ is missing/,
    ],
    ['no kernel32', (p) => unlinkSync(system32(p, 'kernel32.dll')), /kernel32\.dll is missing/],
    [
      'an empty ws2_32',
      (p) => replace(system32(p, 'ws2_32.dll'), ''),
      /ws2_32\.dll has 0 bytes, not \d+/,
    ],
    ['no dosdevices', (p) => rmSync(join(p, 'dosdevices'), { recursive: true }), /dosdevices\/c:/],
    ['no system.reg', (p) => rmSync(join(p, 'system.reg')), /system\.reg is missing/],
    [
      'system.reg cut short',
      (p) => truncateSync(join(p, 'system.reg'), statSync(join(p, 'system.reg')).size - 400),
      /system\.reg is cut short or garbled/,
    ],
    [
      'system.reg with zeros',
      (p) => appendFileSync(join(p, 'system.reg'), Buffer.alloc(64)),
      /system\.reg is cut short or garbled/,
    ],
    ['user.reg empty', (p) => truncateSync(join(p, 'user.reg')), /user\.reg is cut short/],
  ];

  test.each(damages)(
    'of the user’s own is named and left alone: %s',
    async (_name, damage, said) => {
      const prefix = join(newCache(), 'own');
      await copyPrefix(prefix);
      damage(prefix);
      const before = filesUnder(prefix);
      const env = { ...process.env, WINNODE_PREFIX: prefix };
      const { code, stdout, stderr } = await winnode(['-p', '1'], { env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expectRefusal(stderr, said);
      expect(stderr).toContain('Remove it yourself');
      expect(filesUnder(prefix)).toBe(before);
      removeCache(prefix);
    },
  );

  test('a file where the user’s own should be is named and left alone', async () => {
    const prefix = join(newCache(), 'own');
    writeFileSync(prefix, 'precious');
    const env = { ...process.env, WINNODE_PREFIX: prefix };
    const { code, stderr } = await winnode(['-p', '1'], { env });
    expect(code).toBe(1);
    expectRefusal(stderr, /exists and was not made by winnode/);
    expect(readFileSync(prefix, 'utf8')).toBe('precious');
  });

  test('a file where the cache should be is named', async () => {
    const file = join(newCache(), 'file');
    writeFileSync(file, '');
    const { code, stderr } = await winnode(['-p', '1'], { env: cacheEnvironment(file) });
    expect(code).toBe(1);
    expectRefusal(stderr, /file cannot be written: (ENOTDIR|EEXIST)/);
  });

  test('in the cache it is not pulled from under who uses it', async () => {
    const cache = newCache();
    const env = cacheEnvironment(cache);
    const prefix = prefixIn(cache);
    await copyPrefix(prefix);
    const user = start(['-e', `console.log('up'); process.stdin.on('end', () => {}).resume()`], {
      env,
    });
    await user.saw('up');
    replace(system32(prefix, 'kernel32.dll'), 'MZ');
    const { code, stderr } = await winnode(['-p', '1'], { env });
    expect(code).toBe(1);
    expectRefusal(stderr, new RegExp(`is damaged, and process ${user.child.pid} uses it still`));
    user.child.stdin?.end();
    expect((await user.ended).code).toBe(0);
    expect(processesOf(cache)).toEqual([]);
  });

  test('what no check sees shows when Windows Node does not start, and is made again', async () => {
    const cache = newCache();
    const env = cacheEnvironment(cache);
    const prefix = prefixIn(cache);
    await copyPrefix(prefix);
    // As long as before, and no program.
    const file = system32(prefix, 'kernel32.dll');
    replace(file, 'x'.repeat(statSync(file).size));
    const { code, stderr } = await winnode(['-p', '1'], { env });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/Wine does not start in .+|STATUS_INVALID_IMAGE_NOT_MZ/);
    expect(existsSync(ready(prefix))).toBe(false);
    expect(processesOf(cache)).toEqual([]);
  });
});

/** A shell in mount namespaces of its own: what it mounts is gone when it ends, whatever happens. */
function inNamespace(
  script: string,
  env: NodeJS.ProcessEnv = process.env,
): SpawnSyncReturns<string> {
  const own = { ...env, NODE: process.execPath, WINNODE: bin };
  const shell = ['unshare', '--map-root-user', '--mount', 'sh', '-euc', script];
  const isFound = existsSync('/usr/bin/unshare') && existsSync('/bin/mount');
  const [command, ...args] = isFound ? shell : ['false'];
  return spawnSync(command as string, args, { encoding: 'utf8', env: own, timeout: 60_000 });
}

const noMounts =
  host.kind === 'wine' && inNamespace('mount -t tmpfs none /mnt').status === 0
    ? ''
    : reason || 'needs unshare and mount in a user namespace';

describe.skipIf(noMounts !== '')(`a cache that cannot be written ${noMounts}`, () => {
  test('a damaged prefix, on a disk that is too small: one message; with room it is made again', async () => {
    const cache = newCache();
    await copyPrefix(prefixIn(cache));
    const { stdout, stderr, status } = inNamespace(
      `mkdir "$CACHE/small"; mount -t tmpfs -o size=200m none "$CACHE/small"
       cp -a "$CACHE"/wine-* "$CACHE/small/"
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
      /^winnode: .+\/small: the disk is full\. Making a Wine prefix takes 700 MB/,
    );
    expect(free).toMatch(/^Free some space there, or set WINNODE_CACHE/);
    expect([again, ...rest]).toEqual([damaged]);
    expect(status).toBe(0);
    expect(processesOf(cache)).toEqual([]);
  }, 60_000);

  test('a disk that is full from the start, also under a finished prefix', async () => {
    const cache = newCache();
    await copyPrefix(prefixIn(cache));
    const { stdout, stderr } = inNamespace(
      `mkdir "$CACHE/full"; mount -t tmpfs -o size=64m none "$CACHE/full"
       cp -a "$CACHE"/wine-* "$CACHE/full/"
       dd if=/dev/zero of="$CACHE/full/filler" bs=1M 2>/dev/null || true
       WINNODE_CACHE="$CACHE/full" "$NODE" "$WINNODE" -p 1 || echo "code $?"
       rm "$CACHE/full/filler"
       WINNODE_CACHE="$CACHE/full" "$NODE" "$WINNODE" -p 2`,
      { ...process.env, CACHE: cache },
    );
    expect(stdout).toBe('code 1\n2\n');
    expectRefusal(stderr, /cannot be written: the disk is full\./);
    expect(processesOf(cache)).toEqual([]);
  });

  test('a cache that is mounted read-only, empty or with a finished prefix', async () => {
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
});

describe.skipIf(host.kind !== 'wine')(`a cache of another user ${reason}`, () => {
  // Permissions do not bind root: as root this is tried as somebody else, if he can read us.
  const isRoot = process.getuid?.() === 0;
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
  const nobodyReads = !isRoot || spawnSync('setpriv', [...asNobody, bin, '--version']).status === 0;

  test.skipIf(!nobodyReads)(
    `is refused${nobodyReads ? '' : ' (root’s files are for root alone, so nobody else can try)'}`,
    async () => {
      const cache = newCache();
      const env = { ...cacheEnvironment(cache), HOME: '/nonexistent' };
      for (const prepare of [() => {}, () => copyPrefix(prefixIn(cache))]) {
        await prepare();
        spawnSync('chmod', ['-R', 'a+rX,a-w', cache]);
        const [command, args] = isRoot ? ['setpriv', asNobody] : [process.execPath, []];
        const run = spawnSync(command, [...args, bin, '-p', '1'], { env, encoding: 'utf8' });
        spawnSync('chmod', ['-R', 'u+w', cache]);
        expect(run.status).toBe(1);
        expectRefusal(run.stderr, /cannot be written: permission denied\./);
      }
    },
  );
});

describe.skipIf(host.kind !== 'wine')(`a first run that is killed ${reason}`, () => {
  const filesIn = (directory: string) =>
    existsSync(directory) ? readdirSync(directory).length : 0;
  const makingIn = (cache: string) =>
    join(cache, readdirSync(cache).find((name) => name.includes('.making-')) ?? 'none');
  const system32In = (cache: string) =>
    filesIn(join(makingIn(cache), 'drive_c', 'windows', 'system32'));

  test('at any moment: two at once clear up, and make it once', { timeout: 90_000 }, async () => {
    const cache = newCache();
    const env = cacheEnvironment(cache);
    const lock = `${prefixIn(cache)}.lock`;
    const moments: (() => boolean)[] = [
      () => existsSync(makingIn(cache)),
      () => system32In(cache) > 300,
      () => existsSync(join(makingIn(cache), 'drive_c/windows/system32/bcryptprimitives.dll')),
    ];
    // A dead holder's lock counts for 10 s: made older by hand, so that nobody has to wait.
    const ageLock = () => {
      const old = new Date(Date.now() - 60_000);
      if (existsSync(lock)) utimesSync(lock, old, old);
    };
    const temporary = new Set<string>();
    let before: string[] = [];
    for (const isThere of moments) {
      ageLock();
      const killed = start(['-p', '1'], { env });
      await expect
        .poll(() => !before.includes(makingIn(cache)) && isThere(), {
          timeout: 20_000,
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
    ageLock();

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
    expect(readdirSync(cache)).toEqual([prefixIn(cache).slice(cache.length + 1)]);
    expect(processesOf(cache)).toEqual([]);
  });

  test('after the renaming: what it left is cleared away by a run that needs nothing made', async () => {
    const cache = newCache();
    const prefix = prefixIn(cache);
    await copyPrefix(prefix);
    mkdirSync(`${prefix}.old-12345/.winnode`, { recursive: true });
    writeFileSync(`${prefix}.making-12345`, '');
    const run = await winnode(['-p', '1'], { env: cacheEnvironment(cache) });
    expect(run).toMatchObject({ code: 0, stdout: '1\n', stderr: '' });
    expect(readdirSync(cache)).toHaveLength(1);
  });
});
