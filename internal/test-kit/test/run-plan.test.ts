import { planRuns } from 'test-kit';
import { expect, test } from 'vitest';

test('by default a plan has the committed seed and the given number of runs', () => {
  const ordinary = { seed: 20_261_122, runs: 100, path: undefined };
  expect(planRuns(100, {})).toEqual(ordinary);
  const empty = { SIEGE_SEED: '', SIEGE_RUNS_FACTOR: '', REPLAY_SEED: '', REPLAY_PATH: '' };
  expect(planRuns(100, empty)).toEqual(ordinary);
});

test('the siege sets a seed and a factor', () => {
  const plan = planRuns(100, { SIEGE_SEED: '-5', SIEGE_RUNS_FACTOR: '20' });
  expect(plan).toEqual({ seed: -5, runs: 2_000, path: undefined });
});

test('REPLAY_SEED and REPLAY_PATH take precedence over the siege', () => {
  const plan = planRuns(100, { SIEGE_SEED: '5', REPLAY_SEED: '7', REPLAY_PATH: '3:1' });
  expect(plan).toEqual({ seed: 7, runs: 100, path: '3:1' });
});

test.each([
  [{ SIEGE_SEED: 'x' }, 'SIEGE_SEED is "x"'],
  [{ SIEGE_SEED: '4294967296' }, 'SIEGE_SEED is "4294967296"'],
  [{ REPLAY_SEED: '1.5' }, 'REPLAY_SEED is "1.5"'],
  [{ SIEGE_RUNS_FACTOR: '0' }, 'SIEGE_RUNS_FACTOR is "0"'],
  [{ SIEGE_RUNS_FACTOR: '-1' }, 'SIEGE_RUNS_FACTOR is "-1"'],
  [{ SIEGE_SEED: '5', REPLAY_PATH: '3' }, 'REPLAY_PATH is set without REPLAY_SEED'],
])('%j is refused', (environment, message) => {
  expect(() => planRuns(100, environment)).toThrowError(message);
});
