import { type ChildProcess, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession, type RunResult, type Session } from 'winnode';
import { bin, host, runIn, winnode, winnodeHere } from './cli.js';
import { cacheEnvironment, copyPrefix, prefixesIn, prefixIn, processesOf } from './prefixes.js';
import { expectRefusal, newCache, reason, until } from './sabotage.js';

// Not with a recursive readdir, which would follow the link of drive Z to the whole file system.
const filesUnder = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? [path, ...filesUnder(path)] : [path];
  });
const listOf = (directory: string) => filesUnder(directory).sort().join('\n');

const system32 = (name: string) => join('drive_c/windows/system32', name);
const ready = '.winnode/ready.json';

// All tests share one prefix: each leaves it intact.
const shared = host.kind === 'wine' ? newCache() : '';
const prefix = host.kind === 'wine' ? prefixIn(shared) : '';
beforeAll(async () => {
  if (host.kind === 'wine') await copyPrefix(prefix);
}, 200_000);

/** Returns the damaged content of a file; undefined: the file is removed. */
type Damage = (content: Buffer) => Buffer | string | undefined;
const missing: Damage = () => undefined;

/** Damages a file of the prefix while a function runs. */
async function whileDamaged(
  path: string,
  damage: Damage,
  something: () => Promise<void>,
): Promise<void> {
  const [file, whole] = [join(prefix, path), `${prefix} ${basename(path)}`];
  // The original is moved rather than overwritten: most files in system32 are links to Wine's own
  // files.
  renameSync(file, whole);
  try {
    const content = damage === missing ? undefined : damage(readFileSync(whole));
    if (content !== undefined) writeFileSync(file, content);
    await something();
  } finally {
    rmSync(file, { force: true, recursive: true });
    renameSync(whole, file);
  }
}

describe.skipIf(host.kind !== 'wine')(`a damaged prefix ${reason}`, () => {
  const empty = () => '';
  const damages: [name: string, path: string, damage: Damage, said: RegExp][] = [
    ['ready.json missing', ready, missing, /ready\.json is missing or garbled/],
    ['ready.json empty', ready, empty, /ready\.json is missing or garbled/],
    ['ready.json of null', ready, () => 'null', /ready\.json is missing or garbled/],
    [
      'ready.json half written',
      ready,
      (content) => content.subarray(0, 1000),
      /ready\.json is missing or garbled/,
    ],
    [
      'ready.json without its lists',
      ready,
      () => JSON.stringify({ layout: 5, wine: host.wine }),
      /ready\.json is missing or garbled/,
    ],
    [
      'another Wine',
      ready,
      () => JSON.stringify({ layout: 5, wine: 'wine-9.9' }),
      /it was made with wine-9\.9, and this is wine-/,
    ],
    [
      'an older winnode',
      ready,
      () => JSON.stringify({ wine: host.wine }),
      /made by another version of winnode/,
    ],
    ['no drive_c', 'drive_c', missing, /system32\/.+ is missing/],
    ['no kernel32', system32('kernel32.dll'), missing, /kernel32\.dll is missing/],
    ['an empty ws2_32', system32('ws2_32.dll'), empty, /ws2_32\.dll has 0 bytes, not \d+/],
    ['no dosdevices', 'dosdevices', missing, /dosdevices\/c:/],
    ['no system.reg', 'system.reg', missing, /system\.reg is missing/],
    [
      'system.reg cut short',
      'system.reg',
      (content) => content.subarray(0, -400),
      /system\.reg is cut short or garbled/,
    ],
    [
      'system.reg with zeros',
      'system.reg',
      (content) => Buffer.concat([content, Buffer.alloc(64)]),
      /system\.reg is cut short or garbled/,
    ],
    ['user.reg empty', 'user.reg', empty, /user\.reg is cut short/],
  ];

  test.each(damages)(
    'chosen by the user is reported and not changed: %s',
    (name, path, damage, said) =>
      whileDamaged(path, damage, async () => {
        const before = listOf(prefix);
        const env = { WINNODE_PREFIX: prefix };
        const here = await winnodeHere(['-p', '1'], env);
        expect(here).toMatchObject({ code: 1, stdout: '' });
        expectRefusal(here.stderr, said);
        expect(here.stderr).toContain('Remove it yourself');
        // A separate process behaves the same, so one case is enough for it.
        if (name === damages[0]?.[0]) {
          const options = { env: { ...process.env, ...env } };
          expect(await winnode(['-p', '1'], options)).toEqual(here);
        }
        expect(listOf(prefix)).toBe(before);
      }),
  );

  test('a file at the path of WINNODE_PREFIX is reported and not changed', async () => {
    const prefix = join(newCache(), 'own');
    writeFileSync(prefix, 'precious');
    const { code, stderr } = await winnodeHere(['-p', '1'], { WINNODE_PREFIX: prefix });
    expect(code).toBe(1);
    expectRefusal(stderr, /exists and was not made by winnode/);
    expect(readFileSync(prefix, 'utf8')).toBe('precious');
  });

  test('a file at the path of the cache is reported', async () => {
    const file = join(newCache(), 'file');
    writeFileSync(file, '');
    const env = { WINNODE_CACHE: file, WINNODE_PREFIX: undefined };
    const { code, stderr } = await winnodeHere(['-p', '1'], env);
    expect(code).toBe(1);
    expectRefusal(stderr, /file\/node cannot be written: (ENOTDIR|EEXIST)/);
  });
});

describe.skipIf(host.kind !== 'wine')(`a cache of another user ${reason}`, () => {
  // Permissions do not restrict root. As root the test runs as another user, if that user can read
  // this directory.
  const isRoot = process.getuid?.() === 0;
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
  const nobodyReads = !isRoot || spawnSync('setpriv', [...asNobody, bin, '--version']).status === 0;

  test.skipIf(!nobodyReads)(
    `is refused${nobodyReads ? '' : ' (root’s files are for root alone, so nobody else can try)'}`,
    () => {
      // An empty cache and one with a prefix.
      for (const cache of [newCache(), shared]) {
        const env = { ...cacheEnvironment(cache), HOME: '/nonexistent' };
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

describe.skipIf(host.kind !== 'wine')(`a prefix in the cache ${reason}`, () => {
  const env = cacheEnvironment(shared);

  describe('with one wineserver', () => {
    let session: Session;
    beforeAll(async () => {
      session = await openSession({ env });
    });
    afterAll(() => session.close());

    test('a later run removes the files of a first run that was killed after it renamed the prefix', async () => {
      mkdirSync(`${prefix}.old-12345/.winnode`, { recursive: true });
      writeFileSync(`${prefix}.making-12345`, '');
      const reported: string[] = [];
      const another = await openSession({ env, onProgress: (line) => reported.push(line) });
      const run = await runIn(another, ['-p', '1']);
      await another.close();
      expect(run).toMatchObject({ code: 0, stdout: '1\n', stderr: '' });
      expect(reported).toEqual([]);
      expect(prefixesIn(shared)).toEqual([basename(prefix)]);
    });

    test('a damaged prefix is not replaced while a program uses it', async () => {
      let user: ChildProcess | undefined;
      let ended: Promise<RunResult> | undefined;
      await new Promise<void>((isUp) => {
        ended = session.run(['-e', until(0)], {
          stdio: 'pipe',
          onSpawn: (child) => {
            user = child;
            child.stdout?.once('data', () => isUp());
          },
        });
      });
      await whileDamaged(
        system32('kernel32.dll'),
        () => 'MZ',
        async () => {
          const { code, stderr } = await winnode(['-p', '1'], { env });
          expect(code).toBe(1);
          expectRefusal(stderr, new RegExp(`is damaged, and process ${process.pid} uses it still`));
          user?.stdin?.end();
          expect(await ended).toEqual({ exitCode: 0, signal: null });
        },
      );
      await session.close();
      expect(processesOf(shared)).toEqual([]);
    });
  });

  // The same length, but not a program.
  const garbled: Damage = (content) => 'x'.repeat(content.length);

  test('after a failed start of Windows Node the next run tests the prefix before it uses it', () =>
    whileDamaged(
      ready,
      (content) => content,
      () =>
        whileDamaged(system32('kernel32.dll'), garbled, async () => {
          const { code, stderr } = await winnode(['-p', '1'], { env });
          expect(code).not.toBe(0);
          expect(stderr).toMatch(/Wine does not start in .+|STATUS_INVALID_IMAGE_NOT_MZ/);
          expect(existsSync(join(prefix, '.winnode', 'doubt'))).toBe(true);
          expect(existsSync(join(prefix, ready))).toBe(true);
          expect(processesOf(shared)).toEqual([]);
        }),
    ));
});
