// The results of a test run of a package against a build, in a file of the package. turbo caches
// it with the task, so that a cached task can report the same results.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The path of the results of a package and a build. */
export const resultsFile = (directory, build) => join(directory, '.test-results', `${build}.json`);

/** Writes a record. */
export function writeRecord(directory, record) {
  const file = resultsFile(directory, record.build);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(record)}\n`);
}

/** Reads a record; undefined if there is none. */
export function readRecord(directory, build) {
  try {
    return JSON.parse(readFileSync(resultsFile(directory, build), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Removes the record of an earlier run, so that it is not taken for the current one. */
export function removeRecord(directory, build) {
  rmSync(resultsFile(directory, build), { force: true });
}

/** All tests of a record, each with its file. */
export const testsOf = ({ files }) =>
  files.flatMap(({ file, nodeKind, tests }) => tests.map((test) => ({ file, nodeKind, ...test })));

/** The numbers of passed, failed and skipped tests, and all failures as text. */
export function verdictOf(record) {
  const { name, build, errors, files, skippedFiles } = record;
  const tests = testsOf(record);
  const count = (state) => tests.filter((test) => test.state === state).length;
  const where = (file) => `${name} ${build} ${file}`;
  const failures = [
    ...errors.map((text) => `${name} ${build}: ${text}`),
    ...files.flatMap(({ file, errors: list }) => list.map((text) => `${where(file)}: ${text}`)),
    ...tests
      .filter(({ state }) => state === 'failed')
      .map(({ file, title, errors: list = [] }) =>
        [`${where(file)} > ${title}`, ...list].join('\n'),
      ),
  ];
  const passed = count('passed');
  if (passed === 0 && failures.length === 0) {
    const reasons = new Set(skippedFiles.map(({ reason }) => reason));
    const why = [...reasons].join('; ') || 'no test ran';
    failures.push(`${name} ${build}: every test was skipped, so the run counts as failed: ${why}`);
  }
  // After a crash of vitest the run fails, even if no test failed.
  const failed = Math.max(count('failed'), Math.min(failures.length, 1));
  const skipped = count('skipped') + skippedFiles.length;
  return { passed, failed, skipped, failures };
}
