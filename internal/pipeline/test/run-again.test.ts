import { isOfStart, notRun, together } from '@tofu-nt/pipeline/run-again';
import { expect, test } from 'vitest';

const packages = [
  { name: 'a', directory: '/a', files: ['test/one.win.test.ts', 'test/two.win.test.ts'] },
  { name: 'b', directory: '/b', files: ['test/three.win.test.ts'] },
];
const passed = (file: string) => ({ file, tests: [{ title: file, state: 'passed' }], errors: [] });
const left = (file: string) => ({
  file,
  isNotRun: true,
  tests: [],
  errors: ['the file was not run'],
});
const result = (name: string, ...files: { file: string }[]) => ({ name, errors: [], files });
const [one, two, three] = ['one', 'two', 'three'].map((name) => `test/${name}.win.test.ts`);
const first = {
  exitCode: 1,
  results: [
    result('a', passed(one as string), left(two as string)),
    result('b', passed(three as string)),
  ],
};

test('only files that did not run are run again', () => {
  expect(notRun(packages, first)).toEqual([{ name: 'a', directory: '/a', files: [two] }]);
  expect(notRun(packages, { exitCode: 0, results: [] })).toEqual([]);
  expect(notRun(packages, { exitCode: 3 })).toEqual([]);
});

test('results of the second run replace missing results, and its exit code counts', () => {
  const second = { exitCode: 0, results: [result('a', passed(two as string))] };
  expect(together(first, second)).toEqual({
    exitCode: 0,
    results: [
      result('a', passed(one as string), passed(two as string)),
      result('b', passed(three as string)),
    ],
  });
});

test('a file that did not run a second time keeps its error, also when the second run has no results', () => {
  const second = { exitCode: 1, results: [result('a', left(two as string))] };
  expect(together(first, second)).toEqual({ ...first, exitCode: 1 });
  expect(together(first, { exitCode: 9 })).toEqual({ ...first, exitCode: 9 });
});

test.each([
  ['[vitest-pool]: Failed to start forks worker for test files Z:/a/test/one.win.test.ts.', true],
  ['[vitest-pool]: Timeout starting forks runner.', true],
  ['[vitest-pool]: Worker forks emitted error.', false],
])('%s means that a process did not start: %s', (message, expected) => {
  expect(isOfStart({ message })).toBe(expected);
});
