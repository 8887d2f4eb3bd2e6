// Runs the tests of packages against one build, in one start of vitest for each kind of Node.
import { runVitest } from './run-vitest.mjs';

/**
 * The number of files at a time in Windows Node, on two cores. Under Wine a process waits half of
 * its time. In release many tests on the host run in parallel with these files, in debug few.
 */
const windowsWorkers = { debug: 3, release: 2 };

/**
 * Runs the tests of packages.
 *
 * @param packages from `testedPackage`. @param build `debug` or `release`.
 * @param facts of the host.
 * @param options those of `runVitest`, and `isParallel`; `isCalm`: one file at a time in
 *   Windows Node.
 * @returns a record for each package, by its name; `isLost` if vitest ended before it reported
 *   anything.
 */
export async function runPackages(packages, build, facts, options = {}) {
  const { isParallel = false, isCalm = false, ...vitestRunOptions } = options;
  const inWindowsNode = isCalm ? 1 : windowsWorkers[build];
  const runs = runsOf(packages, facts, inWindowsNode).filter((run) => run.packages.length > 0);
  const start = (run) =>
    runVitest(run.name, run.packages, { build, ...vitestRunOptions, workers: run.workers });
  const ends = [];
  if (isParallel) ends.push(...(await Promise.all(runs.map(start))));
  else for (const run of runs) ends.push(await start(run));

  const records = new Map();
  for (const each of packages) {
    const skips = facts.kind === 'none' ? each.windows : [];
    const skippedFiles = skips.map((file) => ({ file, reason: facts.reason }));
    records.set(each.name, { name: each.name, build, errors: [], files: [], skippedFiles });
  }
  for (const [index, end] of ends.entries()) addResults(records, runs[index], end);
  return records;
}

/** On Windows both kinds of files run in the same Node. */
function runsOf(packages, { kind }, inWindowsNode) {
  const run = (name, filesOf, workers) => ({
    name,
    workers,
    packages: packages
      .map((each) => ({ name: each.name, directory: each.directory, files: filesOf(each) }))
      .filter(({ files }) => files.length > 0),
  });
  if (kind === 'windows')
    return [run('windows', (each) => [...each.host, ...each.windows], inWindowsNode)];
  const host = run('host', (each) => each.host, 2);
  return kind === 'none' ? [host] : [host, run('windows', (each) => each.windows, inWindowsNode)];
}

function addResults(records, run, { exitCode, results }) {
  const lost = `vitest ended with exit code ${exitCode} and left no results (${run.name})`;
  const isWell = (result) =>
    result.errors.length === 0 &&
    result.files.every(
      ({ errors, tests }) => errors.length === 0 && tests.every(({ state }) => state !== 'failed'),
    );
  const isUnexplained = exitCode !== 0 && results?.every(isWell);
  for (const { name } of run.packages) {
    const record = records.get(name);
    const result = results?.find((each) => each.name === name);
    if (result === undefined) {
      record.errors.push(lost);
      record.isLost = true;
      continue;
    }
    record.errors.push(...result.errors);
    if (isUnexplained) {
      record.errors.push(`vitest ended with exit code ${exitCode}, although no test failed`);
    }
    record.files.push(...result.files);
  }
}
