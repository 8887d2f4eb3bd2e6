import { presets } from 'afd-poller';
import type { ReactorMode } from 'tofu-reactor';

/** A preset of the engine, by name. */
export type PresetName = keyof typeof presets;

/** All of them. */
export const presetNames = Object.keys(presets) as PresetName[];

/** The preset of an engine without options. A test holds it. */
export const defaultPreset: PresetName = 'batched';

/** An echo server that takes part. */
export type ContestantName =
  | 'engine'
  | `engine-${PresetName}`
  | 'engine-asking'
  | `engine-${PresetName}-asking`
  | 'reactor'
  | 'reactor-thread'
  | 'reactor-blocking'
  | 'uv-poll'
  | 'node-net'
  | 'node-net-onread'
  | 'blocking';

/** What every ratio is to. */
export const baseline: ContestantName = 'node-net';

/** All whose speed is measured, the engine first. */
export const contestants: readonly ContestantName[] = [
  ...presetNames.map((preset) => `engine-${preset}` as const),
  'engine-asking',
  'reactor',
  'reactor-thread',
  'reactor-blocking',
  'uv-poll',
  'node-net',
  'node-net-onread',
  'blocking',
];

/** Of whom it is measured whether a thousand connections have their share: each preset, eager or not. */
export const sharers: readonly ContestantName[] = [
  ...presetNames.flatMap((preset) => [`engine-${preset}`, `engine-${preset}-asking`] as const),
  baseline,
];

/** Of whom it is measured what one that streams does to the others: the engine as it is by default. */
export const neighbours: readonly ContestantName[] = ['engine', baseline];

/** How the reactor of a contestant lives; undefined for whoever has none. */
export const reactorModes: Partial<Record<ContestantName, ReactorMode>> = {
  reactor: 'loop',
  'reactor-thread': 'thread',
  'reactor-blocking': 'blocking',
};

/** How an engine is to be set up. */
export interface EngineSetup {
  /** Undefined for the engine's default. */
  readonly preset: PresetName | undefined;
  /** Tries before it asks; see EngineServer. */
  readonly isEager: boolean;
}

/** The engine of a contestant; undefined for one without. */
export function engineOf(name: ContestantName): EngineSetup | undefined {
  const [kind, ...rest] = name.split('-');
  if (kind !== 'engine') return undefined;
  const preset = presetNames.find((each) => each === rest[0]);
  return { preset, isEager: rest.at(-1) !== 'asking' };
}
