import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findWine } from 'winnode';
import { host, start } from './cli.js';
import { cacheEnvironment, copyPrefix, makeCache, prefixIn, removeCache } from './prefixes.js';

const reason = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;

/**
 * Wine as it is, but for one thing that it does by itself once in thousands of times: it does not
 * start a program, and ends with the code that a file says, for as long as that file is there.
 */
describe.skipIf(host.kind !== 'wine')(`a program that Wine does not start ${reason}`, () => {
  const cache = host.kind === 'wine' ? makeCache() : '';
  const prefix = host.kind === 'wine' ? prefixIn(cache) : '';
  const failing = join(cache, 'wine64');
  const code = join(cache, 'code');
  let env: NodeJS.ProcessEnv = {};

  beforeAll(async () => {
    const { loader, server } = findWine();
    const script = `#!/bin/sh
      case "$*" in *node.exe*)
        if [ -e '${code}' ]; then
          read -r code times < '${code}'
          if [ "$times" = 1 ]; then rm '${code}'; fi
          exit "$code"
        fi
      esac
      exec '${loader}' "$@"\n`;
    writeFileSync(failing, script);
    chmodSync(failing, 0o755);
    env = { ...cacheEnvironment(cache), WINNODE_WINE: failing, WINESERVER: server };
    await copyPrefix(prefix);
  }, 200_000);
  afterAll(() => removeCache(cache));

  const run = async (args: readonly string[], exitCode: number, times: 'always' | 1) => {
    writeFileSync(code, `${exitCode} ${times}\n`);
    const running = start(args, { env });
    running.child.stdin?.end();
    const ended = await running.ended;
    rmSync(code, { force: true });
    return { ...ended, notices: running.notices() };
  };

  test.each([0, 5, 0x42])('with %d, once: it is started again, and that is said', async (exit) => {
    expect(await run(['-p', '1'], exit, 1)).toEqual({
      code: 0,
      signal: null,
      stdout: '1\n',
      stderr: '',
      notices: expect.stringMatching(/^winnode: .+ did not start .+ It is started again\.\n$/),
    });
  });

  test.each([
    ['an option that Node refuses', ['--bad-option'], 9],
    ['an option that is done early', ['-v'], 0],
  ])('%s is not done twice', async (_name, args, exit) => {
    expect(await run(args, exit, 'always')).toEqual({
      code: exit,
      signal: null,
      stdout: '',
      stderr: expect.not.stringContaining('died'),
      notices: '',
    });
  });

  test.each([
    [0, 1, 'it ended before it ran anything, and Wine says 0'],
    [5, 5, '0xC0000005 STATUS_ACCESS_VIOLATION'],
    [0x42, 0x42, '0xC0000142 STATUS_DLL_INIT_FAILED'],
  ])('with %d, again and again: never a success', async (exit, seen, said) => {
    const ended = await run(['-p', '1'], exit, 'always');
    expect(ended).toMatchObject({ code: seen, stdout: '' });
    expect(ended.stderr).toContain(`winnode: Windows Node died: ${said}`);
    expect(ended.notices.split('\n')).toHaveLength(2);
    // What was not loaded casts doubt on the prefix: the next run makes it again.
    expect(existsSync(join(prefix, '.winnode', 'ready.json'))).toBe(exit !== 0x42);
  });
});
