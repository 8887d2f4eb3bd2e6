import { presets } from 'afd-poller';
import type { ReactorMode } from 'tofu-reactor';

/** A preset of the engine, by name. */
export type PresetName = keyof typeof presets;

/** The names of all presets. */
export const presetNames = Object.keys(presets) as PresetName[];

/** The preset of an engine without options. A test checks this. */
export const defaultPreset: PresetName = 'batched';

/** The name of a measured echo server. */
export type SubjectName =
  | 'engine'
  | `engine-${PresetName}`
  | 'engine-asking'
  | `engine-${PresetName}-asking`
  | 'reactor'
  | 'reactor-thread'
  | 'reactor-blocking'
  | 'reactor-stream'
  | 'uv-poll'
  | 'node-net'
  | 'node-net-onread'
  | 'blocking'
  | 'reactor-http'
  | 'node-http';

/** The subject to which every ratio refers. */
export const baseline: SubjectName = 'node-net';

/** All subjects whose speed is measured, the engine first. */
export const subjects: readonly SubjectName[] = [
  ...presetNames.map((preset) => `engine-${preset}` as const),
  'engine-asking',
  'reactor',
  'reactor-thread',
  'reactor-blocking',
  'reactor-stream',
  'uv-poll',
  'node-net',
  'node-net-onread',
  'blocking',
];

/**
 * Subjects of F1, the share of each of a thousand connections: each preset, eager or not, the
 * reactor, and node:net.
 */
export const sharers: readonly SubjectName[] = [
  ...presetNames.flatMap((preset) => [`engine-${preset}`, `engine-${preset}-asking`] as const),
  'reactor',
  baseline,
];

/**
 * Subjects of F2, the effect of a streaming connection on the others: the default engine, the
 * reactor and node:net.
 */
export const neighbours: readonly SubjectName[] = ['engine', 'reactor', baseline];

/** Subjects of D2 and D6, the delays of other work: servers that run in Node's event loop. */
export const loopServers: readonly SubjectName[] = ['reactor', 'reactor-thread', baseline];

/** Subjects of S1, the effect of 200 silent connections on the rate of the others. */
export const besideSilent: readonly SubjectName[] = [
  'reactor',
  'reactor-thread',
  'reactor-blocking',
  baseline,
];

/** Subjects of S2, the latency beside 5,000 silent connections. The engine is first. */
export const besideCrowd: readonly SubjectName[] = [
  'engine-batched',
  'reactor',
  'reactor-thread',
  'reactor-blocking',
];

/** Subjects of H1, requests of HTTP. The baseline is last. */
export const httpServers: readonly SubjectName[] = ['reactor-http', 'node-http'];

/** The subjects that the targets of tofu-reactor refer to. */
export const targetSubjects: readonly SubjectName[] = [
  'engine-batched',
  'reactor',
  'reactor-thread',
  'reactor-blocking',
  'uv-poll',
  'node-net-onread',
];
/** The reactor mode of a subject; undefined for a subject without a reactor. */
export const reactorModes: Partial<Record<SubjectName, ReactorMode>> = {
  reactor: 'loop',
  'reactor-thread': 'thread',
  'reactor-blocking': 'blocking',
};

/** The setup of an engine. */
export interface EngineSetup {
  /** Undefined for the engine's default. */
  readonly preset: PresetName | undefined;
  /** The server calls recv before it polls; see EngineServer. */
  readonly isEager: boolean;
}

/** The engine setup of a subject; undefined for a subject without an engine. */
export function engineOf(name: SubjectName): EngineSetup | undefined {
  const [kind, ...rest] = name.split('-');
  if (kind !== 'engine') return undefined;
  const preset = presetNames.find((each) => each === rest[0]);
  return { preset, isEager: rest.at(-1) !== 'asking' };
}
