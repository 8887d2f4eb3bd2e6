import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type MisuseCase, runMisuses } from 'test-kit';
import { expect, test } from 'vitest';

const script = join(import.meta.dirname, 'misuse-cases.mjs');
const { cases } = (await import(pathToFileURL(script).href)) as { cases: readonly MisuseCase[] };

const fine = 'RangeError ERR_FINE: refused as it should be';

/** The runner's own tests, on whatever host they are. */
export function testTheRunner(): void {
  test('a crash, a hang and an exit are named, and the cases behind them run', {
    timeout: 240_000,
  }, async () => {
    const indexes = cases.map((_, index) => index);
    const ends = await runMisuses({ script, indexes, limitMs: 5_000 });
    const endOf = (name: string) => ends.get(cases.findIndex((each) => each.name === name));
    expect(ends.size).toBe(cases.length);
    expect([...ends.keys()]).toEqual(indexes);
    for (const name of ['refused', 'a promise that is refused']) {
      expect(endOf(name)).toEqual({ thrown: fine, problem: '' });
    }
    const behind = cases.filter(({ name }) => name.startsWith('behind'));
    expect(behind).toHaveLength(5);
    for (const { name } of behind) expect(endOf(name)).toEqual({ thrown: fine, problem: '' });
    const problem = (name: string) => ({ thrown: '', problem: expect.stringMatching(name) });
    expect(endOf('a crash')).toEqual(problem('^ended the process, (SIGABRT|exit code [1-9])'));
    expect(endOf('a hang')).toEqual(problem('^hung for 5000 ms'));
    expect(endOf('an exit that says success')).toEqual(problem('^ended the process, exit code 0'));
    expect(endOf('an exit at the very end')).toEqual(problem('^ended the process, exit code 3'));
    expect(endOf('a rejection that nobody handles')).toEqual(
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

  test('sound cases need one process, and run in the order that was asked for', async () => {
    const indexes = [2, 0, 4];
    const ends = await runMisuses({ script, indexes });
    expect([...ends]).toEqual(indexes.map((index) => [index, { thrown: fine, problem: '' }]));
  });

  test('what a process writes to stderr is a problem also where every case is sound', async () => {
    const indexes = [cases.findIndex(({ name }) => name === 'a warning on stderr'), 0];
    const ends = await runMisuses({ script, indexes });
    const printed = 'it or a case before it in its process printed: deprecated';
    expect([...ends.values()]).toEqual([
      { thrown: fine, problem: '' },
      { thrown: fine, problem: printed },
    ]);
  });

  test('a script that cannot be started is an error, not a list without results', async () => {
    const missing = join(import.meta.dirname, 'no-such-file.mjs');
    const run = runMisuses({ script: missing, indexes: [0] });
    await expect(run).rejects.toThrowError(/no-such-file.mjs: ended the process, exit code 1/);
  });
}
