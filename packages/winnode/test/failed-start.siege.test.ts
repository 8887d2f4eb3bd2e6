import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { host } from './cli.js';
import { failingWine } from './failing-wine.js';
import { reason } from './sabotage.js';

// What failed-start.test.ts has one of each kind of, with the other codes.

describe.skipIf(host.kind !== 'wine')(`a program that Wine does not start ${reason}`, () => {
  const { cache, prefix, isSlow, begin, end, run } = failingWine();

  test.each([5, 0x42])('with %d, once: it is started again, and that is said', async (exit) => {
    expect(await run(['-p', '1'], exit, 'once')).toEqual({
      code: 0,
      signal: null,
      stdout: '1\n',
      stderr: '',
      notices: expect.stringMatching(/^winnode: .+ did not start .+ It is started again\.\n$/),
    });
  });

  test.each([['comes while what did not start ends', 'once deaf']] as const)(
    'a signal that %s ends it',
    async (_name, failure) => {
      const running = begin(['-p', '1'], 0, failure);
      while (!existsSync(isSlow)) await new Promise((done) => setTimeout(done, 20));
      running.child.kill('SIGTERM');
      const ended = { code: null, signal: 'SIGTERM', stdout: '', stderr: '', notices: '' };
      expect(await end(running)).toEqual(ended);
    },
  );

  const runs = join(cache, 'runs');
  const count = `require('node:fs').appendFileSync(${JSON.stringify(runs)}, 'x');`;
  test.each([
    ['exits with 0, and nobody is told', 'process.reallyExit(0)', [], 1],
    ['may write nothing, and ends', '', ['--experimental-permission'], 0],
  ])('one that %s was started, and is once', async (_name, source, options, exit) => {
    const isRestricted = options.length > 0;
    const args = [...options, '-e', `${isRestricted ? '' : count}${source}`];
    const { code, notices, stderr } = await run(args, 0, 'never');
    expect({ code, notices }).toEqual({ code: exit, notices: '' });
    if (isRestricted) expect(stderr).not.toContain('winnode:');
    else expect(readFileSync(runs, 'utf8')).toBe('x');
    rmSync(runs, { force: true });
  });

  test.each([['an option that is done early', ['-v'], 0]])(
    '%s is not done twice',
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

  test.each([
    [0, 1, 'it ended before it ran anything, and Wine says 0'],
    [5, 5, '0xC0000005 STATUS_ACCESS_VIOLATION'],
  ])('with %d, again and again: never a success', async (exit, seen, said) => {
    const ended = await run(['-p', '1'], exit, 'always');
    expect(ended).toMatchObject({ code: seen, stdout: '' });
    expect(ended.stderr).toContain(`winnode: Windows Node died: ${said}`);
    expect(ended.notices.split('\n')).toHaveLength(2);
    // What was not loaded casts doubt on the prefix: the next run makes it again.
    expect(existsSync(join(prefix, '.winnode', 'ready.json'))).toBe(exit !== 0x42);
  });
});
