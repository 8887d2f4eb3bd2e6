import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type MisuseCase, runMisuses } from 'test-kit';
import { expect, test, vi } from 'vitest';

export const script = join(import.meta.dirname, 'misuse-cases.mjs');
const { cases } = (await import(pathToFileURL(script).href)) as { cases: readonly MisuseCase[] };

export const indexOf = (name: string) => cases.findIndex((each) => each.name === name);
export const fine = 'RangeError ERR_FINE: refused as it should be';

/** Tests of the runner. */
export function testTheRunner(): void {
  test.concurrent('a crash and an exit are reported by case, and the following cases run', {
    timeout: 240_000,
  }, async () => {
    const indexes = cases.flatMap(({ name }, index) => (name.includes('hang') ? [] : [index]));
    const ends = await runMisuses({ script, indexes });
    const endOf = (name: string) => ends.get(indexOf(name));
    expect([...ends.keys()]).toEqual(indexes);
    for (const name of ['refused', 'a promise that is refused']) {
      expect(endOf(name)).toEqual({ thrown: fine, problem: '' });
    }
    const behind = cases.filter(({ name }) => /^behind (?!the hang)/.test(name));
    expect(behind).toHaveLength(4);
    for (const { name } of behind) expect(endOf(name)).toEqual({ thrown: fine, problem: '' });
    const problem = (name: string) => ({ thrown: '', problem: expect.stringMatching(name) });
    expect(endOf('a crash')).toEqual(problem('^ended the process, (SIGABRT|exit code [1-9])'));
    expect(endOf('an exit that says success')).toEqual(problem('^ended the process, exit code 0'));
    expect(endOf('an exit at the very end')).toEqual(problem('^ended the process, exit code 3'));
    expect(endOf('an unhandled rejection')).toEqual(
      problem('^ended the process, exit code 1: [^]*much later'),
    );
    expect(endOf('nothing thrown')).toEqual({ thrown: '', problem: '' });
    const nothing = 'undefined undefined: undefined';
    expect(endOf('null thrown')).toEqual({ thrown: nothing, problem: '' });
    const left = { thrown: fine, problem: 'left behind: 1 open' };
    expect(endOf('something left behind')).toEqual(left);
    const printed = { thrown: fine, problem: 'printed: without a line end' };
    expect(endOf('something printed')).toEqual(printed);
  });

  test.concurrent('a hanging case is ended and reported, and the following case runs', async () => {
    const indexes = ['refused', 'a hang', 'behind the hang'].map(indexOf);
    const ends = await runMisuses({ script, indexes, limitMs: 5_000 });
    expect([...ends.values()]).toEqual([
      { thrown: fine, problem: '' },
      { thrown: '', problem: 'hung for 5000 ms' },
      { thrown: fine, problem: '' },
    ]);
  });

  test.concurrent('correct cases share one process, and run in the requested order', async () => {
    const indexes = ['its process', 'behind the exit', 'refused', 'its process, later'].map(
      indexOf,
    );
    const ends = await runMisuses({ script, indexes });
    expect([...ends.keys()]).toEqual(indexes);
    const [first, ...rest] = [...ends.values()];
    expect(first).toEqual({ thrown: expect.stringMatching(/process \d+$/), problem: '' });
    const sound = { thrown: fine, problem: '' };
    expect(rest).toEqual([sound, sound, first]);
  });

  test.concurrent('output on stderr is a problem, also if every case is correct', async () => {
    const indexes = [indexOf('a warning on stderr'), 0];
    const ends = await runMisuses({ script, indexes });
    const printed = 'this case, or an earlier case in the same process, printed: deprecated';
    expect([...ends.values()]).toEqual([
      { thrown: fine, problem: '' },
      { thrown: fine, problem: printed },
    ]);
  });

  test.concurrent('a script that cannot be started is an error, not a list without results', async () => {
    const missing = join(import.meta.dirname, 'no-such-file.mjs');
    const run = runMisuses({ script: missing, indexes: [0] });
    await expect(run).rejects.toThrowError(/no-such-file.mjs: ended the process, exit code 1/);
  });

  test.concurrent('a process that dies while it is loaded is started again, twice', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'misuse-'));
    const file = join(directory, 'deaths');
    const flaky = join(import.meta.dirname, 'misuse-flaky.mjs');
    vi.stubEnv('MISUSE_FLAKY', file);
    try {
      writeFileSync(file, '2');
      const ends = await runMisuses({ script: flaky, indexes: [0] });
      expect([...ends]).toEqual([[0, { thrown: fine, problem: '' }]]);
      writeFileSync(file, '4');
      const run = runMisuses({ script: flaky, indexes: [0] });
      await expect(run).rejects.toThrowError(/misuse-flaky.mjs: ended the process, exit code 66/);
      expect(readFileSync(file, 'utf8')).toBe('1');
    } finally {
      vi.unstubAllEnvs();
      rmSync(directory, { recursive: true });
    }
  });
}
