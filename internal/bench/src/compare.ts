import type { EventCosts } from './js-per-event.js';
import { markdownTable } from './report.js';
import type { CallsRow, EngineRow, Results } from './results.js';
import { type Summary, summarize } from './statistics.js';
import { baseline } from './subjects.js';

/** One figure of two result files. */
export interface Comparison {
  readonly what: string;
  readonly before: Summary;
  readonly after: Summary;
  /** The change in percent; above 0 is better. */
  readonly changePercent: number;
  /**
   * `unknown` for a single sample: without a spread, noise cannot be estimated. `missing`: the
   * second result does not have this row.
   */
  readonly verdict: 'slower' | 'faster' | 'same' | 'unknown' | 'missing';
}

/**
 * A change below this percentage is ignored, even if the ranges do not touch: two builds of the
 * same source differ by as much.
 */
const leastPercent = 3;
/**
 * The least percentage for counts. Counts hardly depend on the machine, only on the number of
 * events that each wait returns.
 */
const leastCallsPercent = 2;
/**
 * The least percentage for fairness. Its figures are extremes, such as the least served of a
 * thousand connections, and extremes vary by as much.
 */
const leastFairnessPercent = 20;

/**
 * Classifies a change as faster, slower or the same. A change is faster or slower only if it
 * exceeds the least percentage and the two ranges do not touch.
 */
function judge(
  what: string,
  before: Summary,
  after: Summary,
  better: 'more' | 'less',
  least: number,
): Comparison {
  const sign = better === 'more' ? 1 : -1;
  const changePercent = sign * 100 * (after.median / before.median - 1);
  const isApart = after.low > before.high || after.high < before.low;
  const isBeyond = isApart && Math.abs(changePercent) > least;
  const direction = changePercent < 0 ? 'slower' : 'faster';
  return { what, before, after, changePercent, verdict: isBeyond ? direction : 'same' };
}

/**
 * Classifies the change between two lists of samples. A single sample has no range, so the verdict
 * is `unknown`.
 */
function judgeSamples(...[what, before, after, ...rest]: Parameters<typeof judge>): Comparison {
  const judged = judge(what, before, after, ...rest);
  return Math.min(before.count, after.count) > 1 ? judged : { ...judged, verdict: 'unknown' };
}

/** Labels in older results, and their present names. */
const renamed: Readonly<Record<string, string>> = {
  self: 'self',
  helper: 'single',
  group: 'batched',
};

/** The present form of a label: `engine-group-asking` is `engine-batched-asking`. */
function currentLabel(label: string): string {
  return label
    .split('-')
    .map((part) => renamed[part] ?? part)
    .join('-');
}

/** A row that the second result does not have. */
function missing(what: string): Comparison {
  const none: Summary = { count: 0, median: Number.NaN, low: Number.NaN, high: Number.NaN };
  return { what, before: none, after: none, changePercent: Number.NaN, verdict: 'missing' };
}

const single = (value: number): Summary => summarize([value]);
const allCalls = ({ calls }: CallsRow) => Object.values(calls).reduce((sum, each) => sum + each, 0);

/** Shares and latency ratios relate to one run, so results of two machines can be compared. */
function compareFairness(before: Results, after: Results): Comparison[] {
  const comparisons: Comparison[] = [];
  for (const old of before.shares ?? []) {
    const label = currentLabel(old.label);
    if (label === baseline) continue;
    const now = after.shares?.find((each) => each.label === label);
    const what = `F1 ${label}, share of the slowest`;
    if (now === undefined) {
      comparisons.push(missing(what));
      continue;
    }
    const [was, is] = [single(old.slowest), single(now.slowest)];
    comparisons.push(judgeSamples(what, was, is, 'more', leastFairnessPercent));
  }
  for (const old of before.neighbours ?? []) {
    const label = currentLabel(old.label);
    if (label === baseline) continue;
    const now = after.neighbours?.find((each) => each.label === label);
    const what = `F2 ${label}, p99 with a streaming connection`;
    if (now === undefined) {
      comparisons.push(missing(what));
      continue;
    }
    const [was, is] = [summarize(old.ratios), summarize(now.ratios)];
    comparisons.push(judgeSamples(what, was, is, 'less', leastFairnessPercent));
  }
  return comparisons;
}

/** The costs of an event, by kind of poll. An older file has fewer kinds. */
function namedCosts({ noCostNs, atOnceNs }: EventCosts): Map<string, Summary | undefined> {
  const beside = Object.entries(noCostNs).map(
    ([idle, cost]) => [`with ${idle} idle sockets`, cost] as const,
  );
  return new Map([...beside, ['with polls that succeed at once', atOnceNs]]);
}

/**
 * Compares two results: rates as ratios to `node:net` of the same run, so that a slow machine does
 * not count as a slow engine; fairness; JavaScript per event; foreign calls per message. Rows of
 * the first result that the second does not have are `missing`. Renamed rows are matched.
 */
export function compare(before: Results, after: Results): Comparison[] {
  return [
    ...compareSpeed(before, after),
    ...compareCalls(before, after),
    ...compareFairness(before, after),
    // These figures have no baseline, so results of different machines cannot be compared.
    ...(before.host.name === after.host.name ? compareEngine(before, after) : []),
  ];
}

function compareSpeed(before: Results, after: Results): Comparison[] {
  return before.speed.flatMap((old) => {
    const label = currentLabel(old.label);
    // The ratio of the baseline to itself is always 1, so it has no row.
    if (label === baseline) return [];
    const now = after.speed.find((each) => each.workload === old.workload && each.label === label);
    const what = `${old.workload} ${label}, rate to node:net`;
    if (now === undefined) return [missing(what)];
    return [judgeSamples(what, summarize(old.ratios), summarize(now.ratios), 'more', leastPercent)];
  });
}

function compareCalls(before: Results, after: Results): Comparison[] {
  return before.foreignCalls.map((old) => {
    const label = currentLabel(old.label);
    const now = after.foreignCalls.find(
      (each) => each.workload === old.workload && each.label === label,
    );
    const what = `${old.workload} ${label}, foreign calls per message`;
    if (now === undefined) return missing(what);
    const [was, is] = [single(allCalls(old)), single(allCalls(now))];
    return judge(what, was, is, 'less', leastCallsPercent);
  });
}

/** The name of a row; in an older result its field is `way`. */
const presetOf = (row: EngineRow & { readonly way?: string }) =>
  currentLabel(row.preset ?? row.way ?? '');

function compareEngine(before: Results, after: Results): Comparison[] {
  return before.engine.flatMap((old) => {
    const preset = presetOf(old);
    const now = after.engine.find((each) => presetOf(each) === preset);
    if (now === undefined) return [missing(`${preset}, ns per event`)];
    const costs = namedCosts(now.events);
    return [...namedCosts(old.events)].flatMap(([name, was]) => {
      const is = costs.get(name);
      // An older result has fewer of these rows.
      if (was === undefined) return [];
      const what = `${preset}, ns per event ${name}`;
      return [is === undefined ? missing(what) : judgeSamples(what, was, is, 'less', leastPercent)];
    });
  });
}

/** Formats a comparison as text, changes first. */
export function compareReport(comparisons: readonly Comparison[]): string {
  const order = { missing: 0, slower: 1, faster: 2, same: 3, unknown: 4 };
  const rows = [...comparisons].sort((a, b) => order[a.verdict] - order[b.verdict]);
  const spread = ({ median, low, high }: Summary) =>
    low === high
      ? median.toFixed(2)
      : `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
  return markdownTable(
    ['', 'verdict', 'change', 'before', 'after'],
    rows.map(({ what, verdict, changePercent, before, after }) =>
      verdict === 'missing'
        ? [what, verdict, '', '', '']
        : [
            what,
            verdict,
            `${changePercent >= 0 ? '+' : ''}${changePercent.toFixed(1)} %`,
            spread(before),
            spread(after),
          ],
    ),
  );
}
