import { readArguments, UsageError, workloads } from '@tofu-nt/bench';
import { expect, test } from 'vitest';

test('without arguments the bench measures everything', () => {
  expect(readArguments([])).toMatchObject({
    command: 'run',
    pairs: 7,
    workloads: [...workloads.map(({ id }) => id), 'F1', 'F2'],
    crowds: [1_000, 10_000],
    sockets: [1, 10, 100, 1_000, 10_000],
    isPinned: true,
    withRelay: false,
  });
});

test('--quick shortens the run; other flags override its values', () => {
  expect(readArguments(['--quick', '--pairs', '5'])).toMatchObject({ pairs: 5, crowds: [1_000] });
});

test('--subject selects subjects; without it all are measured', () => {
  expect(readArguments([])).toMatchObject({ subjects: undefined });
  expect(readArguments(['--subject', 'reactor'])).toMatchObject({ subjects: ['reactor'] });
});

test('targets measures their subjects, in nine rounds, without a time limit', () => {
  expect(readArguments(['targets'])).toMatchObject({
    command: 'run',
    pairs: 9,
    isForTargets: true,
    isLimited: false,
    workloads: expect.arrayContaining(['W6', 'F2', 'D2', 'D6', 'S1', 'S2']),
    subjects: expect.arrayContaining(['reactor', 'engine-batched', 'uv-poll']),
  });
  expect(readArguments(['targets', '--workload', 'W1'])).toMatchObject({ workloads: ['W1'] });
});

test('compare needs two files', () => {
  expect(readArguments(['compare', 'a.json', 'b.json'])).toEqual({
    command: 'compare',
    before: 'a.json',
    after: 'b.json',
  });
});

test.each([
  [['--bogus'], /^Unknown option '--bogus'\. See pnpm bench --help\.$/],
  [['--pairs', '0'], /^--pairs needs a number from 1 to 1000; got "0"\.$/],
  [['--pairs', '2.5'], /^--pairs needs a whole number; got "2\.5"\.$/],
  [['--pairs', 'x'], /^--pairs needs a number/],
  [['--seconds', ''], /^--seconds needs a number/],
  [
    ['--workload', 'W9'],
    /^--workload needs one of W1, W2, W3, W4, W5, W6, F1, F2, D2, D6, S1, S2, H1; got "W9"\.$/,
  ],
  [['--subject', 'libuv'], /^--subject needs one of engine-.*, blocking; got "libuv"\.$/],
  [['--generator', 'perl'], /^--generator needs c or node; got "perl"\.$/],
  [['measure'], /^Unknown command "measure"\. The commands are targets and compare;/],
  [['compare', 'a.json'], /^compare needs two files/],
  [['compare', 'a', 'b', 'c'], /^compare needs two files/],
])('%j is rejected with one message', (args, message) => {
  let said: unknown;
  try {
    readArguments(args);
  } catch (error) {
    said = error;
  }
  expect(said).toBeInstanceOf(UsageError);
  const text = (said as Error).message;
  expect(text).toMatch(message);
  expect(text.split('\n')).toHaveLength(1);
});
