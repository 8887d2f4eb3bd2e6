// The summary at the end of a run: the host facts, the slowest tests, all skipped tests with the
// reasons, all failures, and the numbers of each.
import { readRecord, testsOf, verdictOf } from './results.mjs';

const slowestShown = 10;
/** The most lines of one failure, so that the last screen shows all failures. */
const failureLines = 12;

/**
 * The lines of the summary; the last one is `N passed, N failed, N skipped`.
 *
 * @param tasks the test tasks, from `testTasks`. @param host its profile, if it was determined.
 */
export function summary(tasks, host) {
  const records = tasks.flatMap(({ directory, build }) => readRecord(directory, build) ?? []);
  const verdicts = records.map(verdictOf);
  const sum = (what) => verdicts.reduce((total, verdict) => total + verdict[what], 0);
  const failures = verdicts.flatMap((verdict) => verdict.failures);
  const missing = tasks.length - records.length;
  return [
    ...describe(host),
    ...slowest(records),
    ...skips(records),
    ...(failures.length === 0 ? [] : ['', `Failed: ${failures.length}`]),
    ...failures.flatMap((text) => brief(text).map((line) => `  ${line}`)),
    ...(missing === 0 ? [] : ['', `${missing} of ${tasks.length} test tasks have no results.`]),
    '',
    `${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`,
  ];
}

function describe(host) {
  if (host === undefined) return [];
  const has = (what, { isPresent, reason }) =>
    `  ${what}: ${isPresent ? 'available' : `not available: ${reason}`}`;
  const { system, wine, windowsNode, hostNode } = host.host;
  const node = windowsNode === '' ? '' : `, Windows Node ${windowsNode}`;
  return [
    '',
    'Host',
    `  ${[system, wine].filter(Boolean).join(', ')}, Node ${hostNode}${node}`,
    `  kernel: ${host.kernelVersion === '' ? 'none' : `${host.kernelVersion} (${host.kernel})`}`,
    ...(host.note === '' ? [] : [`  ${host.note}`]),
    has('AF_UNIX', host.afUnix),
    has('pseudo-terminals', host.pseudoTerminals),
  ];
}

function slowest(records) {
  const timed = records.flatMap((record) =>
    testsOf(record).map((test) => ({ ...test, of: `${record.name} ${record.build}` })),
  );
  timed.sort((one, other) => other.ms - one.ms);
  const lines = timed
    .slice(0, slowestShown)
    .map(
      ({ of, file, title, ms }) =>
        `  ${(ms / 1000).toFixed(1).padStart(5)} s  ${of} ${file} > ${title}`,
    );
  return lines.length === 0 ? [] : ['', `The ${lines.length} slowest tests`, ...lines];
}

/** A line for each reason in a package. A test without a reason has it in its title. */
function skips(records) {
  const groups = new Map();
  const add = (name, build, reason, where) => {
    const key = `${name}: ${reason}`;
    const group = groups.get(key) ?? { builds: new Set(), places: new Set() };
    groups.set(key, group);
    group.builds.add(build);
    group.places.add(where);
  };
  for (const record of records) {
    const { name, build, skippedFiles } = record;
    for (const { file, reason } of skippedFiles) add(name, build, reason, file);
    for (const { file, title, state, note } of testsOf(record)) {
      if (state === 'skipped') add(name, build, note ?? title, `${file} > ${title}`);
    }
  }
  const lines = [...groups].flatMap(([key, { builds, places }]) => [
    `  ${key} (${[...builds].join(', ')})`,
    ...[...places]
      .filter((place) => !key.endsWith(place.split(' > ').at(-1)))
      .map((place) => `    ${place}`),
  ]);
  return lines.length === 0 ? [] : ['', 'Skipped', ...lines];
}

function brief(text) {
  const lines = text.split('\n');
  const more = lines.length - failureLines;
  return more <= 0 ? lines : [...lines.slice(0, failureLines), `... ${more} more lines above`];
}
