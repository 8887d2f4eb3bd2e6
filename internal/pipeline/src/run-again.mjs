// Finds test files whose process did not start, and merges the results of a second run with those
// of the first.

/**
 * @typedef {{ file: string, isNotRun?: boolean }} FileResult
 * @typedef {{ name: string, errors: string[], files: FileResult[] }} PackageResult
 * @typedef {{ exitCode: number, results?: PackageResult[] }} RunEnd
 */

/**
 * Whether a vitest error means that a process did not start. The file's own result then says that
 * it was not run.
 *
 * @param {{ message?: string }} error
 */
export const isOfStart = ({ message = '' }) =>
  /^\[vitest-pool\]: (Failed to|Timeout) start/.test(message);

/**
 * The packages of a run, each with only those files that did not run.
 *
 * @param {{ name: string, directory: string, files: string[] }[]} packages
 * @param {RunEnd} end
 */
export function notRun(packages, { results = [] }) {
  return packages.flatMap((each) => {
    const result = results.find(({ name }) => name === each.name);
    const files = result?.files.filter(({ isNotRun }) => isNotRun) ?? [];
    return files.length === 0 ? [] : [{ ...each, files: files.map(({ file }) => file) }];
  });
}

/**
 * Merges two runs: results of the second run replace the files that did not run in the first. The
 * first exit code only says that some file did not run.
 *
 * @param {RunEnd} first
 * @param {RunEnd} second
 * @returns {RunEnd}
 */
export function together(first, second) {
  const results = first.results?.map(({ name, errors, files }) => {
    const again = second.results?.find((each) => each.name === name) ?? { errors: [], files: [] };
    return {
      name,
      errors: [...errors, ...again.errors],
      files: files.map((each) => again.files.find(({ file }) => file === each.file) ?? each),
    };
  });
  return { exitCode: second.exitCode, results };
}
