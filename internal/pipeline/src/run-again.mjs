// Files whose process did not start are run once more. What both runs of vitest said becomes one.

/**
 * @typedef {{ file: string, isNotRun?: boolean }} FileResult
 * @typedef {{ name: string, errors: string[], files: FileResult[] }} PackageResult
 * @typedef {{ exitCode: number, results?: PackageResult[] }} LaneEnd
 */

/**
 * Whether an error of vitest says that a process did not start. Its file says itself that it was not run.
 *
 * @param {{ message?: string }} error
 */
export const isOfStart = ({ message = '' }) =>
  /^\[vitest-pool\]: (Failed to|Timeout) start/.test(message);

/**
 * The packages of a run with those files alone that it left out.
 *
 * @param {{ name: string, directory: string, files: string[] }[]} packages
 * @param {LaneEnd} end
 */
export function notRun(packages, { results = [] }) {
  return packages.flatMap((each) => {
    const result = results.find(({ name }) => name === each.name);
    const files = result?.files.filter(({ isNotRun }) => isNotRun) ?? [];
    return files.length === 0 ? [] : [{ ...each, files: files.map(({ file }) => file) }];
  });
}

/**
 * The first run, and in the place of what it left out the second one's. The first exit code says no
 * more than that something was left out.
 *
 * @param {LaneEnd} first
 * @param {LaneEnd} second
 * @returns {LaneEnd}
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
