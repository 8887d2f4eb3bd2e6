// Runs the tests of packages against one build, in one start of vitest for each kind of Node.
import { runLane } from './lane.mjs';

/**
 * The number of files at a time in Windows Node, on two cores. Under Wine a process spends half of
 * its time waiting. In release many host tests run in parallel with them, in debug few.
 */
const windowsWorkers = { debug: 3, release: 2 };

/**
 * Runs the tests of packages.
 *
 * @param packages from `testedPackage`. @param build `debug` or `release`.
 * @param facts of the host.
 * @param options those of `runLane`, and `areLanesParallel`; `isCalm`: one file at a time in
 *   Windows Node.
 * @returns a record for each package, by its name; `isLost` if vitest ended before it reported
 *   anything.
 */
export async function runPackages(packages, build, facts, options = {}) {
  const { areLanesParallel = false, isCalm = false, ...laneOptions } = options;
  const inWindowsNode = isCalm ? 1 : windowsWorkers[build];
  const lanes = lanesOf(packages, facts, inWindowsNode).filter((lane) => lane.packages.length > 0);
  const start = (lane) =>
    runLane(lane.name, lane.packages, { build, ...laneOptions, workers: lane.workers });
  const ends = [];
  if (areLanesParallel) ends.push(...(await Promise.all(lanes.map(start))));
  else for (const lane of lanes) ends.push(await start(lane));

  const records = new Map();
  for (const each of packages) {
    const skips = facts.kind === 'none' ? each.windows : [];
    const skippedFiles = skips.map((file) => ({ file, reason: facts.reason }));
    records.set(each.name, { name: each.name, build, errors: [], files: [], skippedFiles });
  }
  for (const [index, end] of ends.entries()) addLane(records, lanes[index], end);
  return records;
}

/** On Windows both kinds of files run in the same Node. */
function lanesOf(packages, { kind }, inWindowsNode) {
  const lane = (name, filesOf, workers) => ({
    name,
    workers,
    packages: packages
      .map((each) => ({ name: each.name, directory: each.directory, files: filesOf(each) }))
      .filter(({ files }) => files.length > 0),
  });
  if (kind === 'windows')
    return [lane('windows', (each) => [...each.host, ...each.windows], inWindowsNode)];
  const host = lane('host', (each) => each.host, 2);
  return kind === 'none' ? [host] : [host, lane('windows', (each) => each.windows, inWindowsNode)];
}

function addLane(records, lane, { exitCode, results }) {
  const lost = `vitest ended with exit code ${exitCode} and left no results (${lane.name})`;
  const isWell = (result) =>
    result.errors.length === 0 &&
    result.files.every(
      ({ errors, tests }) => errors.length === 0 && tests.every(({ state }) => state !== 'failed'),
    );
  const isUnexplained = exitCode !== 0 && results?.every(isWell);
  for (const { name } of lane.packages) {
    const record = records.get(name);
    const result = results?.find((each) => each.name === name);
    if (result === undefined) {
      record.errors.push(lost);
      record.isLost = true;
      continue;
    }
    record.errors.push(...result.errors);
    if (isUnexplained) {
      record.errors.push(`vitest ended with exit code ${exitCode}, though no test failed`);
    }
    record.files.push(...result.files);
  }
}
