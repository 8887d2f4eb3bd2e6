import { isOfStart, notRun, together } from '@tofu-nt/pipeline/run-again';
import { expect, test } from 'vitest';

const packages = [
  { name: 'a', directory: '/a', files: ['test/one.win.test.ts', 'test/two.win.test.ts'] },
  { name: 'b', directory: '/b', files: ['test/three.win.test.ts'] },
];
const passed = (file: string) => ({ file, tests: [{ title: file, state: 'passed' }], errors: [] });
const left = (file: string) => ({ file, isNotRun: true, tests: [], errors: ['it was not run'] });
const result = (name: string, ...files: { file: string }[]) => ({ name, errors: [], files });
const [one, two, three] = ['one', 'two', 'three'].map((name) => `test/${name}.win.test.ts`);
const first = {
  exitCode: 1,
  results: [
    result('a', passed(one as string), left(two as string)),
    result('b', passed(three as string)),
  ],
};

test('only what was not run is run again', () => {
  expect(notRun(packages, first)).toEqual([{ name: 'a', directory: '/a', files: [two] }]);
  expect(notRun(packages, { exitCode: 0, results: [] })).toEqual([]);
  expect(notRun(packages, { exitCode: 3 })).toEqual([]);
});

test('what ran the second time takes its place, and the second exit code counts', () => {
  const second = { exitCode: 0, results: [result('a', passed(two as string))] };
  expect(together(first, second)).toEqual({
    exitCode: 0,
    results: [
      result('a', passed(one as string), passed(two as string)),
      result('b', passed(three as string)),
    ],
  });
});

test('what was not run a second time says so, and so does a second run that said nothing', () => {
  const second = { exitCode: 1, results: [result('a', left(two as string))] };
  expect(together(first, second)).toEqual({ ...first, exitCode: 1 });
  expect(together(first, { exitCode: 9 })).toEqual({ ...first, exitCode: 9 });
});

test.each([
  ['[vitest-pool]: Failed to start forks worker for test files Z:/a/test/one.win.test.ts.', true],
  ['[vitest-pool]: Timeout starting forks runner.', true],
  ['[vitest-pool]: Worker forks emitted error.', false],
])('%s is of a start: %s', (message, expected) => {
  expect(isOfStart({ message })).toBe(expected);
});
