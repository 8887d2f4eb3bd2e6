import fc from 'fast-check';
import { Choices, checkProperty, checkRuns, checkRunsAsync, choicesOf } from 'test-kit';
import { afterEach, describe, expect, test, vi } from 'vitest';

afterEach(() => void vi.unstubAllEnvs());

/** The message that a check throws; a passing check fails the test. */
async function failureOf(check: () => unknown): Promise<string> {
  try {
    await check();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing failed');
}

/** Sets the variables in the printed line, and returns its last part: the command. */
function obey(message: string): string {
  const line = message.split('\n').at(-1) ?? '';
  const [, seed, path, command] =
    /^Again: REPLAY_SEED=(\S+) REPLAY_PATH="(.*?)" (.*)$/.exec(line) ?? [];
  vi.stubEnv('REPLAY_SEED', seed);
  vi.stubEnv('REPLAY_PATH', path);
  return command ?? `no command in: ${line}`;
}

const isSmall = (value: number) => expect(value).toBeLessThan(1_000);

describe('checkProperty', () => {
  test('a property gets the same values in each run, and other values with another seed', () => {
    const values = () => {
      const seen: number[] = [];
      checkProperty(fc.property(fc.integer(), (value) => void seen.push(value)));
      return seen;
    };
    const first = values();
    expect(first).toHaveLength(100);
    expect(values()).toEqual(first);
    vi.stubEnv('SIEGE_SEED', '1');
    expect(values()).not.toEqual(first);
  });

  test('a property runs the given number of times, multiplied by the factor of the siege', async () => {
    vi.stubEnv('SIEGE_RUNS_FACTOR', '3');
    let runs = 0;
    const count = () => {
      runs += 1;
    };
    checkProperty(fc.property(fc.integer(), count), 7);
    await checkProperty(
      fc.asyncProperty(fc.integer(), async () => count()),
      5,
    );
    expect(runs).toBe(36);
  });

  test('a failed property prints the command that repeats it, and the repetition starts at the failure', async () => {
    const seen: number[] = [];
    const check = () =>
      checkProperty(
        fc.property(fc.nat(), (value) => {
          seen.push(value);
          isSmall(value);
        }),
      );
    const message = await failureOf(check);
    expect(message).toContain('Counterexample: [1000]');
    const build = process.env['TEST_BUILD'];
    expect(obey(message)).toBe(
      `pnpm --filter test-kit test:${build} check.test.ts -t "checkProperty a failed ` +
        'property prints the command that repeats it, and the repetition starts at the failure" --passWithNoTests',
    );
    seen.length = 0;
    expect(await failureOf(check)).toContain('Counterexample: [1000]');
    expect(seen[0]).toBeGreaterThanOrEqual(1_000);
  });
  test('the printed command repeats a failed property of commands, and finds a counterexample that is as short', async () => {
    const add = (value: number): fc.Command<object, { sum: number }> => ({
      check: () => true,
      run: (_model, real) => {
        real.sum += value;
        isSmall(real.sum);
      },
      toString: () => `add ${value}`,
    });
    const adds = [fc.nat({ max: 600 }).map(add)];
    const check = () =>
      checkProperty(
        fc.property(fc.commands(adds, { maxCommands: 20, size: 'max' }), (list) => {
          fc.modelRun(() => ({ model: {}, real: { sum: 0 } }), list);
        }),
      );
    const counterexample = (message: string) => /Counterexample: \[(.*?) ?\/\*/.exec(message)?.[1];
    const message = await failureOf(check);
    obey(message);
    expect(counterexample(message)).toMatch(/^add \d+(,add \d+)+$/);
    expect(counterexample(await failureOf(check))).toBe(counterexample(message));
  });

  test('a failed asynchronous property prints the command, too (and a title with "$quotes")', async () => {
    const property = fc.asyncProperty(fc.nat(), async (value) => isSmall(value));
    const command = obey(await failureOf(() => checkProperty(property)));
    expect(command).toContain('-t "checkProperty a failed asynchronous property');
    expect(command).toContain('too .and a title with ..quotes.."');
  });
});

describe('checkRuns', () => {
  test('the choices of a run depend only on the seed and its number', () => {
    const seen: number[] = [];
    const plan = checkRuns(5, (choices, run) => {
      expect(run).toBe(seen.length);
      seen.push(choices.bits32());
    });
    expect(plan).toEqual({ seed: 20_261_122, runs: 5, path: undefined });
    expect(new Set(seen).size).toBe(5);
    expect(choicesOf(plan.seed, 3).bits32()).toBe(seen[3]);
  });

  test('a failed run prints the command that repeats only this run', async () => {
    const seen: number[] = [];
    const check = () =>
      checkRuns(500, (choices, run) => {
        seen.push(run);
        if (choices.below(50) === 0) throw new Error('the first of fifty');
      });
    const message = await failureOf(check);
    const failed = seen.at(-1);
    expect(message.split('\n')[0]).toBe('the first of fifty');
    expect(message).toContain(`REPLAY_SEED=20261122 REPLAY_PATH="${failed}" pnpm`);
    obey(message);
    seen.length = 0;
    await failureOf(check);
    expect(seen).toEqual([failed]);
  });
});

describe('checkRunsAsync', () => {
  const turn = () => new Promise((done) => setImmediate(done));

  test('several runs go on at a time, one per worker, each with the choices of its number', async () => {
    const seen = new Map<number, number>();
    const busy = new Set<number>();
    let most = 0;
    const plan = await checkRunsAsync(20, 3, async (choices, run, worker) => {
      expect(busy).not.toContain(worker);
      most = Math.max(most, busy.add(worker).size);
      seen.set(run, choices.bits32());
      await turn();
      busy.delete(worker);
    });
    expect(most).toBe(3);
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, at) => at),
    );
    for (const [run, bits] of seen) expect(choicesOf(plan.seed, run).bits32()).toBe(bits);
  });

  test('a failed run ends the others, and prints the command that repeats only this run', async () => {
    const seen: number[] = [];
    const check = () =>
      checkRunsAsync(500, 2, async (_choices, run) => {
        seen.push(run);
        await turn();
        if (run === 7) throw new Error('the seventh');
      });
    const message = await failureOf(check);
    expect(message).toMatch(/^the seventh\nAgain: REPLAY_SEED=20261122 REPLAY_PATH="7" pnpm/);
    expect(seen.length).toBeLessThan(10);
    obey(message);
    seen.length = 0;
    await failureOf(check);
    expect(seen).toEqual([7]);
  });
});

test('Choices: the same seed gives the same values, within their bounds', () => {
  const list = (seed: number) => {
    const choices = new Choices(seed);
    return Array.from({ length: 200 }, () => choices.below(10));
  };
  expect(list(1)).toEqual(list(1));
  expect(list(1)).not.toEqual(list(2));
  expect(new Set(list(1))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  expect(new Choices(1).below(1)).toBe(0);
  expect(new Choices(1).chance(1)).toBe(true);
  expect(new Choices(1).chance(0)).toBe(false);
  expect(['a', 'b']).toContain(new Choices(1).pick(['a', 'b']));
});
