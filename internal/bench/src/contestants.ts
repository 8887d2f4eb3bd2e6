import type { WayName } from 'afd-poller';

// The compiler says so when the engine has a way that is not measured here.
const everyWay: Readonly<Record<WayName, true>> = { self: true, helper: true, group: true };

/** The engine's ways of polling. */
export const ways = Object.keys(everyWay) as WayName[];

/** An echo server that takes part. */
export type ContestantName = `engine-${WayName}` | 'node-net' | 'node-net-onread' | 'blocking';

/** What every ratio is to. */
export const baseline: ContestantName = 'node-net';

/** All of them, the engine first. */
export const contestants: readonly ContestantName[] = [
  ...ways.map((way) => `engine-${way}` as const),
  'node-net',
  'node-net-onread',
  'blocking',
];

/** The way of an engine; undefined for whoever is none. */
export function wayOf(name: ContestantName): WayName | undefined {
  return ways.find((way) => name === `engine-${way}`);
}
