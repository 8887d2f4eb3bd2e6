import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findWine, openSession, type Session } from 'winnode';
import { host, type Running, start } from './cli.js';
import { cacheEnvironment, copyPrefix, makeCache, prefixIn, removeCache } from './prefixes.js';

type Failure = 'once' | 'always' | 'once server' | 'once slow' | 'once deaf' | 'never';

/**
 * A real Wine that fails on purpose in a way in which Wine fails by itself once in thousands of
 * starts: it does not start a program, and exits with the code in a file for as long as that file
 * exists. It is set up before the tests of one `describe` and removed after them.
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
    script(
      failing,
      `case "$*" in *node.exe*)
         if [ -e '${code}' ]; then
           read -r code times what < '${code}'
           if [ "$times" = once ]; then rm '${code}'; fi
           case "$what" in
             server) '${server}' -k; '${server}' -w ;;
             slow) touch '${isSlow}' ;;
             deaf) trap '' TERM; touch '${isSlow}'; sleep 1 ;;
           esac
           exit "$code"
         fi
       esac
       exec '${loader}' "$@"`,
    );
    // Slow to answer once a program was not started.
    script(slow, `if [ -e '${isSlow}' ]; then sleep 2; fi\nexec '${server}' "$@"`);
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

/** The cases of one of the two test files, in the order of the tests. */
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
    'with exit code %d, once: winnode starts the program again and prints a message',
    async (exit) => {
      expect(await run(['-p', '1'], exit, 'once')).toEqual({
        code: 0,
        signal: null,
        stdout: '1\n',
        stderr: '',
        notices: expect.stringMatching(/^winnode: .+ did not start .+ It is started again\.\n$/),
      });
    },
  );

  test.each(given.signals)('a signal that %s ends it', async (_name, failure) => {
    const running = begin(['-p', '1'], 0, failure);
    while (!existsSync(isSlow)) await new Promise((done) => setTimeout(done, 20));
    running.child.kill('SIGTERM');
    const ended = { code: null, signal: 'SIGTERM', stdout: '', stderr: '', notices: '' };
    expect(await end(running)).toEqual(ended);
  });

  if (given.isServerEnded) {
    test('the program is not started again if the wineserver has ended', async () => {
      expect(await run(['-p', '1'], 0, 'once server')).toEqual({
        code: 1,
        signal: null,
        stdout: '',
        stderr: 'winnode: Windows Node died: it ended before it ran anything, and Wine says 0\n',
        notices: '',
      });
    });
  }

  const runs = join(cache, 'runs');
  const count = `require('node:fs').appendFileSync(${JSON.stringify(runs)}, 'x');`;
  test.each(given.started)(
    'a program that %s was started, so it runs only once',
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

  test.each(given.options)('%s is not done twice', async (_name, args, exit) => {
    expect(await run(args, exit, 'always')).toEqual({
      code: exit,
      signal: null,
      stdout: '',
      stderr: expect.not.stringContaining('died'),
      notices: '',
    });
  });

  test.each(given.always)(
    'with exit code %d every time: winnode reports a failure',
    async (exit, seen, said) => {
      const ended = await run(['-p', '1'], exit, 'always');
      expect(ended).toMatchObject({ code: seen, stdout: '' });
      expect(ended.stderr).toContain(`winnode: Windows Node died: ${said}`);
      expect(ended.notices.split('\n')).toHaveLength(2);
      // A program that was not loaded marks the prefix as suspect: the next run checks it first. It
      // is intact.
      expect(existsSync(join(prefix, '.winnode', 'doubt'))).toBe(exit === 0x42);
      expect(existsSync(join(prefix, '.winnode', 'ready.json'))).toBe(true);
    },
  );
}
