import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findWine, openSession, type Session } from 'winnode';
import { quotedWord } from 'winnode/internal';
import { host, type Running, start } from './cli.js';
import { cacheEnvironment, copyPrefix, makeCache, prefixIn, removeCache } from './prefixes.js';

type Failure = 'once' | 'always' | 'once server' | 'once slow' | 'once deaf' | 'never';

/**
 * A real Wine behind a script. While a file exists, the script does not start programs: it exits
 * with the code in that file. Wine itself fails like this in one of several thousand starts. It is
 * set up before the tests of one `describe` and removed after them.
 */
function failingWine() {
  const cache = host.kind === 'wine' ? makeCache() : '';
  const prefix = host.kind === 'wine' ? prefixIn(cache) : '';
  const failing = join(cache, 'wine64');
  const slow = join(cache, 'wineserver');
  const code = join(cache, 'code');
  const isSlow = join(cache, 'is slow');
  let env: NodeJS.ProcessEnv = {};
  let session: Session | undefined;

  const script = (file: string, text: string) => {
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
  };

  beforeAll(async () => {
    const { loader, server } = findWine();
    const [codeWord, slowWord, serverWord] = [code, isSlow, server].map(quotedWord);
    script(
      failing,
      `case "$*" in *node.exe*)
         if [ -e ${codeWord} ]; then
           read -r code times what < ${codeWord}
           if [ "$times" = once ]; then rm ${codeWord}; fi
           case "$what" in
             server) ${serverWord} -k; ${serverWord} -w ;;
             slow) touch ${slowWord} ;;
             deaf) trap '' TERM; touch ${slowWord}; sleep 1 ;;
           esac
           exit "$code"
         fi
       esac
       exec ${quotedWord(loader)} "$@"`,
    );
    // After a failed start the wineserver's commands take two seconds.
    script(slow, `if [ -e ${slowWord} ]; then sleep 2; fi\nexec ${serverWord} "$@"`);
    env = { ...cacheEnvironment(cache), WINNODE_WINE: failing, WINESERVER: slow };
    await copyPrefix(prefix);
    // Keeps the wineserver in use during the whole file, so that it does not end after each run.
    session = await openSession({ env });
  }, 200_000);
  afterAll(async () => {
    await session?.close();
    removeCache(cache);
  });

  const begin = (args: readonly string[], exitCode: number, failure: Failure) => {
    if (failure !== 'never') writeFileSync(code, `${exitCode} ${failure}\n`);
    const running = start(args, { env });
    running.child.stdin?.end();
    return running;
  };
  const end = async (running: Running) => {
    const ended = await running.ended;
    for (const file of [code, isSlow]) rmSync(file, { force: true });
    return { ...ended, notices: running.notices() };
  };
  const run = (...given: Parameters<typeof begin>) => end(begin(...given));

  return { cache, prefix, isSlow, begin, end, run };
}

/** The cases of a test file, in the order of the tests. */
export interface FailedStarts {
  /** Exit codes of a start that fails once. */
  readonly once: readonly number[];
  readonly signals: readonly (readonly [when: string, failure: 'once slow' | 'once deaf'])[];
  readonly isServerEnded: boolean;
  readonly started: readonly (readonly [
    what: string,
    source: string,
    options: readonly string[],
    exit: number,
  ])[];
  readonly options: readonly (readonly [what: string, args: readonly string[], exit: number])[];
  readonly always: readonly (readonly [exit: number, seen: number, said: string])[];
}

/** Tests with a program that Wine does not start; they share a prefix and its wineserver. */
export function testFailedStarts(given: FailedStarts): void {
  const { cache, prefix, isSlow, begin, end, run } = failingWine();

  test.each(given.once)(
    'after a start that failed once with exit code %d winnode starts the program once more',
    async (exit) => {
      expect(await run(['-p', '1'], exit, 'once')).toEqual({
        code: 0,
        signal: null,
        stdout: '1\n',
        stderr: '',
        notices: expect.stringMatching(
          /^winnode: .+ did not start .+ winnode starts it once more\.\n$/,
        ),
      });
    },
  );

  test.each(given.signals)('a signal that %s ends winnode', async (_name, failure) => {
    const running = begin(['-p', '1'], 0, failure);
    while (!existsSync(isSlow)) await new Promise((done) => setTimeout(done, 20));
    running.child.kill('SIGTERM');
    const ended = { code: null, signal: 'SIGTERM', stdout: '', stderr: '', notices: '' };
    expect(await end(running)).toEqual(ended);
  });

  if (given.isServerEnded) {
    test('winnode does not start the program again if the wineserver has ended', async () => {
      expect(await run(['-p', '1'], 0, 'once server')).toEqual({
        code: 1,
        signal: null,
        stdout: '',
        stderr: expect.stringMatching(
          /^winnode: Windows Node died: Wine returned 0, but none of its code ran: .+\n$/,
        ),
        notices: '',
      });
    });
  }

  const runs = join(cache, 'runs');
  const count = `require('node:fs').appendFileSync(${JSON.stringify(runs)}, 'x');`;
  test.each(given.started)(
    'a program that %s has started, so winnode runs it only once',
    async (_name, source, options, exit) => {
      const isRestricted = options.length > 0;
      const args = [...options, '-e', `${isRestricted ? '' : count}${source}`];
      const { code, notices, stderr } = await run(args, 0, 'never');
      expect({ code, notices }).toEqual({ code: exit, notices: '' });
      if (isRestricted) expect(stderr).not.toContain('winnode:');
      else expect(readFileSync(runs, 'utf8')).toBe('x');
      rmSync(runs, { force: true });
    },
  );

  test.each(given.options)(
    'winnode does not start Node again after %s',
    async (_name, args, exit) => {
      expect(await run(args, exit, 'always')).toEqual({
        code: exit,
        signal: null,
        stdout: '',
        stderr: expect.not.stringContaining('died'),
        notices: '',
      });
    },
  );

  test.each(given.always)(
    'if every start fails with exit code %d winnode reports a failure',
    async (exit, seen, said) => {
      const ended = await run(['-p', '1'], exit, 'always');
      expect(ended).toMatchObject({ code: seen, stdout: '' });
      expect(ended.stderr).toContain(`winnode: Windows Node died: ${said}`);
      expect(ended.notices.split('\n')).toHaveLength(2);
      // After a failure of the loader winnode marks the prefix as suspect, and the next run tests it.
      expect(existsSync(join(prefix, '.winnode', 'doubt'))).toBe(exit === 0x42);
      expect(existsSync(join(prefix, '.winnode', 'ready.json'))).toBe(true);
    },
  );
}
