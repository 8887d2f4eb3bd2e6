import { baseline } from './contestants.js';
import type { EventCosts } from './js-per-event.js';
import { markdownTable } from './report.js';
import type { CallsRow, Results } from './results.js';
import { type Summary, summarize } from './statistics.js';

/** One figure in two results. */
export interface Comparison {
  readonly what: string;
  readonly before: Summary;
  readonly after: Summary;
  /** How much better or worse, in percent; above 0 is better. */
  readonly changePercent: number;
  /** Of a single sample it is `unknown`: it has no spread, so nothing says what is noise. */
  readonly verdict: 'slower' | 'faster' | 'same' | 'unknown';
}

/** Below this a change is none, whatever the spread says: the next build differs by as much. */
const leastPercent = 3;
/** Counts do not depend on the machine; but how many events one wait finds does, a little. */
const leastCallsPercent = 2;
/** The least served of a thousand, and the slowest of a hundred messages: extremes differ by as much. */
const leastFairnessPercent = 20;

/** What a change is. Beyond the noise: more than the least, and the two spreads do not touch. */
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

/** The same of samples. One of them has no spread: two that differ never touch, whatever they are. */
function judgeSamples(...[what, before, after, ...rest]: Parameters<typeof judge>): Comparison {
  const judged = judge(what, before, after, ...rest);
  return Math.min(before.count, after.count) > 1 ? judged : { ...judged, verdict: 'unknown' };
}

const single = (value: number): Summary => summarize([value]);
const allCalls = ({ calls }: CallsRow) => Object.values(calls).reduce((sum, each) => sum + each, 0);

/** Shares and ratios of latencies are of one run: two machines may be compared. */
function compareFairness(before: Results, after: Results): Comparison[] {
  const comparisons: Comparison[] = [];
  for (const old of before.shares ?? []) {
    const now = after.shares?.find(({ label }) => label === old.label);
    if (now === undefined || old.label === baseline) continue;
    const what = `F1 ${old.label}, share of the slowest`;
    const [was, is] = [single(old.slowest), single(now.slowest)];
    comparisons.push(judgeSamples(what, was, is, 'more', leastFairnessPercent));
  }
  for (const old of before.neighbours ?? []) {
    const now = after.neighbours?.find(({ label }) => label === old.label);
    if (now === undefined || old.label === baseline) continue;
    const what = `F2 ${old.label}, p99 beside one that streams`;
    const [was, is] = [summarize(old.ratios), summarize(now.ratios)];
    comparisons.push(judgeSamples(what, was, is, 'less', leastFairnessPercent));
  }
  return comparisons;
}

/** What an event costs, by when. An older file has fewer of these. */
function namedCosts({ noCostNs, atOnceNs }: EventCosts): Map<string, Summary | undefined> {
  const beside = Object.entries(noCostNs).map(
    ([idle, cost]) => [`beside ${idle} idle`, cost] as const,
  );
  return new Map([...beside, ['where its poll succeeds at once', atOnceNs]]);
}

/**
 * Compares what both results have: rates as ratios to `node:net` of the same run, so that a slower
 * machine is no slower engine; fairness; JavaScript per event; foreign calls per message.
 */
export function compare(before: Results, after: Results): Comparison[] {
  const comparisons: Comparison[] = [];
  for (const old of before.speed) {
    const now = after.speed.find(
      ({ workload, label }) => workload === old.workload && label === old.label,
    );
    // The baseline's ratio to itself is always 1.
    if (now === undefined || old.label === baseline) continue;
    const what = `${old.workload} ${old.label}, rate to node:net`;
    const [was, is] = [summarize(old.ratios), summarize(now.ratios)];
    comparisons.push(judgeSamples(what, was, is, 'more', leastPercent));
  }
  for (const old of before.foreignCalls) {
    const now = after.foreignCalls.find(
      ({ workload, label }) => workload === old.workload && label === old.label,
    );
    if (now === undefined) continue;
    const what = `${old.workload} ${old.label}, foreign calls per message`;
    const [was, is] = [single(allCalls(old)), single(allCalls(now))];
    comparisons.push(judge(what, was, is, 'less', leastCallsPercent));
  }
  comparisons.push(...compareFairness(before, after));
  for (const old of before.engine) {
    const now = after.engine.find(({ way }) => way === old.way);
    // Not beside a baseline: another machine is another figure.
    if (now === undefined || before.host.name !== after.host.name) continue;
    const costs = namedCosts(now.events);
    for (const [name, was] of namedCosts(old.events)) {
      const is = costs.get(name);
      if (was === undefined || is === undefined) continue;
      const what = `${old.way}, ns per event ${name}`;
      comparisons.push(judgeSamples(what, was, is, 'less', leastPercent));
    }
  }
  return comparisons;
}

/** A comparison for people, what changed first. */
export function compareReport(comparisons: readonly Comparison[]): string {
  const order = { slower: 0, faster: 1, same: 2, unknown: 3 };
  const rows = [...comparisons].sort((a, b) => order[a.verdict] - order[b.verdict]);
  const spread = ({ median, low, high }: Summary) =>
    low === high
      ? median.toFixed(2)
      : `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
  return markdownTable(
    ['', 'verdict', 'change', 'before', 'after'],
    rows.map(({ what, verdict, changePercent, before, after }) => [
      what,
      verdict,
      `${changePercent >= 0 ? '+' : ''}${changePercent.toFixed(1)} %`,
      spread(before),
      spread(after),
    ]),
  );
}
