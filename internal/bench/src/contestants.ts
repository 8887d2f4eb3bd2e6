import type { WayName } from 'afd-poller';

// The compiler says so when the engine has a way that is not measured here.
const everyWay: Readonly<Record<WayName, true>> = { self: true, helper: true, group: true };

/** The engine's ways of polling. */
export const ways = Object.keys(everyWay) as WayName[];

/** The way of an engine that is not told one. A test holds it. */
export const defaultWay: WayName = 'group';

/** An echo server that takes part. */
export type ContestantName =
  | `engine-${WayName}`
  | 'engine-asking'
  | 'node-net'
  | 'node-net-onread'
  | 'blocking';

/** What every ratio is to. */
export const baseline: ContestantName = 'node-net';

/** All of them, the engine first. */
export const contestants: readonly ContestantName[] = [
  ...ways.map((way) => `engine-${way}` as const),
  'engine-asking',
  'node-net',
  'node-net-onread',
  'blocking',
];

/** How an engine is to be set up. */
export interface EngineSetup {
  /** Undefined for the engine's default. */
  readonly way: WayName | undefined;
  /** Tries before it asks; see EngineServer. */
  readonly isEager: boolean;
}

/** The engine of a contestant; undefined for whoever is none. */
export function engineOf(name: ContestantName): EngineSetup | undefined {
  if (name === 'engine-asking') return { way: undefined, isEager: false };
  const way = ways.find((each) => name === `engine-${each}`);
  return way === undefined ? undefined : { way, isEager: true };
}
