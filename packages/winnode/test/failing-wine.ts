import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { findWine, openSession, type Session } from 'winnode';
import { host, type Running, start } from './cli.js';
import { cacheEnvironment, copyPrefix, makeCache, prefixIn, removeCache } from './prefixes.js';

type Failure = 'once' | 'always' | 'once server' | 'once slow' | 'once deaf' | 'never';

/**
 * Wine as it is, but for one thing that it does by itself once in thousands of times: it does not
 * start a program, and ends with the code that a file says, for as long as that file is there. For the
 * tests of one `describe`: it is set up before them and cleared away after them.
 */
export function failingWine() {
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
    // Slow to answer from the moment on that a program was not started.
    script(slow, `if [ -e '${isSlow}' ]; then sleep 2; fi\nexec '${server}' "$@"`);
    env = { ...cacheEnvironment(cache), WINNODE_WINE: failing, WINESERVER: slow };
    await copyPrefix(prefix);
    // A user of the wineserver for the whole file, so that it does not end after each run.
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
