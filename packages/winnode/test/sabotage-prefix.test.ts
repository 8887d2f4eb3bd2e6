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

// A recursive readdir would follow the link of drive Z to the whole file system.
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
    ['a missing ready.json', ready, missing, /ready\.json is missing or not valid/],
    ['an empty ready.json', ready, empty, /ready\.json is missing or not valid/],
    ['a ready.json that is null', ready, () => 'null', /ready\.json is missing or not valid/],
    [
      'a truncated ready.json',
      ready,
      (content) => content.subarray(0, 1000),
      /ready\.json is missing or not valid/,
    ],
    [
      'a ready.json without its lists',
      ready,
      () => JSON.stringify({ layout: 5, wine: host.wine }),
      /ready\.json is missing or not valid/,
    ],
    [
      'a ready.json of another Wine',
      ready,
      () => JSON.stringify({ layout: 5, wine: 'wine-9.9' }),
      /it was made with wine-9\.9, but this Wine is wine-/,
    ],
    [
      'a ready.json of an older winnode',
      ready,
      () => JSON.stringify({ wine: host.wine }),
      /made by another version of winnode/,
    ],
    ['a missing drive_c', 'drive_c', missing, /system32\/.+ is missing/],
    ['a missing kernel32.dll', system32('kernel32.dll'), missing, /kernel32\.dll is missing/],
    [
      'an empty ws2_32.dll',
      system32('ws2_32.dll'),
      empty,
      /ws2_32\.dll has 0 bytes instead of \d+/,
    ],
    ['a missing dosdevices', 'dosdevices', missing, /dosdevices\/c:/],
    ['a missing system.reg', 'system.reg', missing, /system\.reg is missing/],
    [
      'a truncated system.reg',
      'system.reg',
      (content) => content.subarray(0, -400),
      /system\.reg is truncated or damaged/,
    ],
    [
      'a system.reg with zeros',
      'system.reg',
      (content) => Buffer.concat([content, Buffer.alloc(64)]),
      /system\.reg is truncated or damaged/,
    ],
    ['an empty user.reg', 'user.reg', empty, /user\.reg is truncated/],
  ];

  test.each(damages)(
    'winnode reports a WINNODE_PREFIX with %s, and does not change it',
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

  test('winnode reports a WINNODE_PREFIX that is a file, and does not change it', async () => {
    const prefix = join(newCache(), 'own');
    writeFileSync(prefix, 'precious');
    const { code, stderr } = await winnodeHere(['-p', '1'], { WINNODE_PREFIX: prefix });
    expect(code).toBe(1);
    expectRefusal(stderr, /exists and was not made by winnode/);
    expect(readFileSync(prefix, 'utf8')).toBe('precious');
  });

  test('winnode reports a WINNODE_CACHE that is a file', async () => {
    const file = join(newCache(), 'file');
    writeFileSync(file, '');
    const env = { WINNODE_CACHE: file, WINNODE_PREFIX: undefined };
    const { code, stderr } = await winnodeHere(['-p', '1'], env);
    expect(code).toBe(1);
    expectRefusal(stderr, /file\/node cannot be written: (ENOTDIR|EEXIST)/);
  });
});

describe.skipIf(host.kind !== 'wine')(`the cache of another user ${reason}`, () => {
  // Permissions do not restrict root. As root the test runs as another user, if that user can read
  // this directory.
  const isRoot = process.getuid?.() === 0;
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
  const nobodyReads = !isRoot || spawnSync('setpriv', [...asNobody, bin, '--version']).status === 0;

  test.skipIf(!nobodyReads)(
    `winnode rejects the cache of another user${nobodyReads ? '' : ' (not run: only root can read this directory)'}`,
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

    test('a run removes the files of a first run that was killed after it had renamed the prefix', async () => {
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

    test('winnode does not replace a damaged prefix while a program uses it', async () => {
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
          expectRefusal(stderr, new RegExp(`is damaged, but process ${process.pid} uses it`));
          user?.stdin?.end();
          expect(await ended).toEqual({ exitCode: 0, signal: null });
        },
      );
      await session.close();
      expect(processesOf(shared)).toEqual([]);
    });
  });

  // A file of the same length that is not a program.
  const garbled: Damage = (content) => 'x'.repeat(content.length);

  test('after a failed start winnode marks the prefix, so that the next run tests it', () =>
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
