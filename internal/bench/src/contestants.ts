import type { WayName } from 'afd-poller';

// The compiler says so when the engine has a way that is not measured here.
const everyWay: Readonly<Record<WayName, true>> = { self: true, helper: true, group: true };

/** The engine's ways of polling. */
export const ways = Object.keys(everyWay) as WayName[];

/** The way of an engine that is not told one. A test holds it. */
export const defaultWay: WayName = 'group';

/** An echo server that takes part. */
export type ContestantName =
  | 'engine'
  | `engine-${WayName}`
  | 'engine-asking'
  | `engine-${WayName}-asking`
  | 'node-net'
  | 'node-net-onread'
  | 'blocking';

/** What every ratio is to. */
export const baseline: ContestantName = 'node-net';

/** All whose speed is measured, the engine first. */
export const contestants: readonly ContestantName[] = [
  ...ways.map((way) => `engine-${way}` as const),
  'engine-asking',
  'node-net',
  'node-net-onread',
  'blocking',
];

/** Of whom it is measured whether a thousand connections have their share: each way, eager or not. */
export const sharers: readonly ContestantName[] = [
  ...ways.flatMap((way) => [`engine-${way}`, `engine-${way}-asking`] as const),
  baseline,
];

/** Of whom it is measured what one that streams does to the others: the engine as it is by default. */
export const neighbours: readonly ContestantName[] = ['engine', baseline];

/** How an engine is to be set up. */
export interface EngineSetup {
  /** Undefined for the engine's default. */
  readonly way: WayName | undefined;
  /** Tries before it asks; see EngineServer. */
  readonly isEager: boolean;
}

/** The engine of a contestant; undefined for whoever is none. */
export function engineOf(name: ContestantName): EngineSetup | undefined {
  const [kind, ...rest] = name.split('-');
  if (kind !== 'engine') return undefined;
  const way = ways.find((each) => each === rest[0]);
  return { way, isEager: rest.at(-1) !== 'asking' };
}
