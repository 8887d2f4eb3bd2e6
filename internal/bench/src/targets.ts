import { figure, markdownTable } from './report.js';
import type { Results, SpeedRow } from './results.js';
import { median, ratios } from './statistics.js';
import { workloads } from './workloads.js';

/** A target of tofu-reactor, and the measured figure. */
export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly measured: number;
  readonly holds: boolean;
}

const atLeast = (what: string, least: number, measured: number): Target => ({
  what,
  wanted: `at least ${least}`,
  measured,
  holds: measured >= least,
});
const atMost = (what: string, most: number, measured: number): Target => ({
  what,
  wanted: `at most ${most}`,
  measured,
  holds: measured <= most,
});

/** The targets of tofu-reactor that these results have figures for. */
export function targetsOf(results: Results): Target[] {
  return [...speedTargets(results), ...otherTargets(results)];
}

function speedTargets({ speed }: Results): Target[] {
  return workloads.flatMap(({ id, load }) => {
    const isStream = load.mode === 'stream';
    const rowOf = (label: string) =>
      speed.find((row) => row.workload === id && row.label === (isStream ? `${label} 64K` : label));
    const [loop, blocking, engine] = ['reactor', 'reactor-blocking', 'engine-batched'].map(rowOf);
    const targets: Target[] = [];
    if (loop !== undefined) targets.push(...loopTargets(id, loop, rowOf('node-net-onread')));
    if (blocking !== undefined && engine !== undefined) {
      const toEngine = median(ratios(blocking.rates, engine.rates));
      targets.push(atLeast(`${id} reactor-blocking, rate to engine-batched`, 0.9, toEngine));
    }
    return targets;
  });
}

/** @param onread `node:net` reading into a buffer of the same size; only for a stream. */
function loopTargets(id: string, loop: SpeedRow, onread: SpeedRow | undefined): Target[] {
  const base = onread === undefined ? loop.ratios : ratios(loop.rates, onread.rates);
  const than = onread === undefined ? 'node:net' : 'node:net with onread';
  const targets = [atLeast(`${id} reactor, rate to ${than}`, 1, median(base))];
  if (loop.p99Ratios.length > 0) {
    targets.push(atMost(`${id} reactor, p99 to node:net`, 1.1, median(loop.p99Ratios)));
  }
  return targets;
}

function otherTargets(results: Results): Target[] {
  const { shares = [], neighbours = [], delays = [], silent = [], crowds = [] } = results;
  const isReactor = ({ label }: { readonly label: string }) => label.startsWith('reactor');
  return [
    ...delays.filter(isReactor).flatMap((row) => {
      const name = `${row.workload} ${row.label}`;
      return [
        atMost(`${name}, 10 ms timer, median delay`, 1.25, median(row.timerP50Ratios)),
        atMost(`${name}, 10 ms timer, p99 delay`, 1.25, median(row.timerP99Ratios)),
        atMost(`${name}, fs.readFile, median`, 1.25, median(row.readP50Ratios)),
        atMost(`${name}, fs.readFile, p99`, 1.25, median(row.readP99Ratios)),
      ];
    }),
    ...shares
      .filter(isReactor)
      .map(({ label, slowest }) =>
        atLeast(`F1 ${label}, the least served, divided by a fair share`, 0.5, slowest),
      ),
    ...neighbours
      .filter(isReactor)
      .map((row) =>
        atMost(`F2 ${row.label}, p99 with a streaming connection`, 2, median(row.ratios)),
      ),
    ...silent
      .filter(isReactor)
      .map((row) =>
        atLeast(`S1 ${row.label}, rate with silent connections`, 0.8, median(row.ratios)),
      ),
    ...crowds
      .filter(isReactor)
      .map((row) => atMost(`S2 ${row.label}, p99.9 to the engine's`, 2, median(row.ratios))),
  ];
}

/** The targets as a table in Markdown. */
export function targetTable(targets: readonly Target[]): string {
  return markdownTable(
    ['', 'wanted', 'measured', ''],
    targets.map(({ what, wanted, measured, holds }) => [
      what,
      wanted,
      figure(measured),
      holds ? 'holds' : '**missed**',
    ]),
  );
}
