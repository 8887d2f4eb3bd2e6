import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findWine, runWindowsNode } from 'winnode';
import { quotedWord } from 'winnode/internal';
import { host, type Running, start, winnode, winnodeHere } from './cli.js';
import {
  cacheEnvironment,
  copyPrefix,
  makeCache,
  parentOf,
  prefixIn,
  programsOf,
  removeCache,
} from './prefixes.js';
import { expectCrash, expectNothingLeft, hang, killedByWine, reason, until } from './sabotage.js';

describe.skipIf(host.kind !== 'wine')(`a run in which something fails ${reason}`, () => {
  const cache = host.kind === 'wine' ? makeCache() : '';
  const env = cacheEnvironment(cache);
  const prefix = host.kind === 'wine' ? prefixIn(cache) : '';

  beforeAll(() => copyPrefix(prefix), 200_000);
  afterAll(() => removeCache(cache));

  test.each([0, -1, Number.NaN, 2 ** 31])('winnode rejects timeLimitMs %s', async (timeLimitMs) => {
    const run = runWindowsNode(['-p', '1'], { env, timeLimitMs });
    await expect(run).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });

  test('winnode ends the wineserver that Wine starts after winnode’s own wineserver was killed', async () => {
    const [killing, killed] = [join(cache, 'wineserver'), join(cache, 'killed')];
    const [serverWord, killedWord] = [findWine().server, killed].map(quotedWord);
    writeFileSync(
      killing,
      `#!/bin/sh
      if [ "$1" = -k0 ] && [ ! -e ${killedWord} ]; then
        ${serverWord} -k0 && ${serverWord} -k9 && touch ${killedWord}
      else
        exec ${serverWord} "$@"
      fi`,
      { mode: 0o755 },
    );
    const run = await winnode(['-p', '1'], { env: { ...env, WINESERVER: killing } });
    expect(run).toEqual({ code: 0, signal: null, stdout: '1\n', stderr: '' });
    expect(existsSync(killed)).toBe(true);
    expectNothingLeft(cache);
  });

  describe('winnode prints the cause of a crash, and other programs continue', () => {
    // A wrong pointer, passed through the bindings, makes the program crash.
    const root = join(import.meta.dirname, '../../../package.json');
    const kernel32 = createRequire(root).resolve('ntdllx/kernel32');
    const accessViolation = `import('file:///Z:' + ${JSON.stringify(kernel32)})
      .then(({ CreateEventA }) => CreateEventA(0, 1, 0, 16))`;

    // One program runs during all crashes, and needs the same wineserver. Another one runs after
    // all crashes.
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
      expectNothingLeft(cache);
    });

    test('winnode names an access violation as the cause', () =>
      expectCrash(env, accessViolation, {
        code: 5,
        said: '0xC0000005 STATUS_ACCESS_VIOLATION (exit code 5)',
      }));

    test('winnode names the likely senders of a SIGKILL', async () => {
      const run = start(['-e', hang], { env });
      await run.saw('up');
      const program = programsOf(cache).find((pid) => parentOf(pid) === run.child.pid);
      process.kill(program ?? Number.NaN, 'SIGKILL');
      const { signal, stderr } = await run.ended;
      expect(signal).toBe('SIGKILL');
      expect(stderr).toBe(`winnode: Windows Node died: ${killedByWine}\n`);
    });
  });
});

describe('winnode prints an error and a hint, one line each, and exits with 2', () => {
  test.each([
    [['--time-limit'], '--time-limit needs a number of seconds.'],
    [['--time-limit='], 'got ""'],
    [['--time-limit', '0', 'x.js'], 'got "0"'],
    [['--time-limit', '-1', 'x.js'], 'got "-1"'],
    [['--time-limit', '1e3', 'x.js'], 'got "1e3"'],
    [['--time-limit', '10s', 'x.js'], 'got "10s"'],
    [['--time-limit', '2147484', 'x.js'], 'got "2147484"'],
    [['--time-limit', '2592000', 'x.js'], 'seconds from 0.001 to 2147483, but got "2592000".'],
    [['--time-limit=0.0004', 'x.js'], 'seconds from 0.001 to 2147483, but got "0.0004".'],
    [['doctor', '--jsn'], 'Unknown argument of doctor: "--jsn". It accepts only --json.'],
    [['doctor', '--json', 'all'], 'Unknown argument of doctor: "all".'],
    [['clean', 'all'], 'Unknown argument of clean: "all". It accepts no arguments.'],
    [
      ['--node', '19', '-p', '1'],
      'WINNODE_NODE (or --node) is "19", which is not a known version.',
    ],
  ])('winnode explains the wrong arguments %j', async (args, said) => {
    const here = await winnodeHere(args);
    expect(here).toMatchObject({ code: 2, stdout: '' });
    expect(here.stderr).toContain(said);
    expect(here.stderr.trimEnd().split('\n')).toHaveLength(2);
    // A separate process prints and exits the same, so one case is enough for it.
    if (args.length === 1 && args[0] === '--time-limit') expect(await winnode(args)).toEqual(here);
  });

  test.skipIf(host.kind !== 'wine')(
    `winnode explains an invalid WINNODE_START_LIMIT ${reason}`,
    async () => {
      const { code, stderr } = await winnodeHere(['-p', '1'], { WINNODE_START_LIMIT: 'soon' });
      expect(code).toBe(2);
      expect(stderr).toContain('WINNODE_START_LIMIT is "soon", which is not a number of seconds');
    },
  );
});

test('--help lists every command, option and variable', async () => {
  const { code, stdout } = await winnodeHere(['--help']);
  expect(code).toBe(0);
  for (const word of [
    'install',
    'clean',
    'doctor',
    '"winnode": { "probe": MODULE }',
    '--json',
    '--time-limit',
    'WINNODE_START_LIMIT',
    '124',
    'Usage',
  ]) {
    expect(stdout).toContain(word);
  }
});
