import {
  baseline,
  type ContestantName,
  contestants,
  defaultPreset,
  engineOf,
} from './contestants.js';

/** The options of a load generator. */
export interface Load {
  readonly mode: 'echo' | 'stream' | 'churn';
  readonly connections: number;
  /** Of these, how many are not idle. */
  readonly active: number;
  readonly bytes: number;
}

/** One of the six things that every speed figure speaks of. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly load: Load;
  /** How much longer than the others it has to be measured. */
  readonly longer?: number;
  /** How many messages are enough to count calls by. */
  readonly countedMessages: number;
}

const chunkBytes = 65_536;

/** How many bytes a stream may be ahead of its echo. */
export const windowBytes = 262_144;

/** The workloads, in order. */
export const workloads: readonly Workload[] = [
  {
    id: 'W1',
    title: 'one connection, 64 B ping-pong',
    load: { mode: 'echo', connections: 1, active: 1, bytes: 64 },
    countedMessages: 1_000,
  },
  {
    id: 'W2',
    title: '64 connections, one 64 B message in flight each',
    load: { mode: 'echo', connections: 64, active: 64, bytes: 64 },
    countedMessages: 6_400,
  },
  {
    id: 'W3',
    title: '1,000 connections, 16 of them active, 64 B',
    load: { mode: 'echo', connections: 1_000, active: 16, bytes: 64 },
    countedMessages: 3_200,
  },
  {
    id: 'W4',
    title: 'one connection, 64 KiB chunks streamed and echoed, 256 KiB window',
    load: { mode: 'stream', connections: 1, active: 1, bytes: chunkBytes },
    countedMessages: 1_000,
  },
  {
    id: 'W5',
    title: 'connect, one 64 B echo, close; 8 at a time',
    load: { mode: 'churn', connections: 8, active: 8, bytes: 64 },
    countedMessages: 1_000,
  },
  {
    id: 'W6',
    title: '1,000 active connections, 64 B',
    load: { mode: 'echo', connections: 1_000, active: 1_000, bytes: 64 },
    // A thousand messages in flight: each of them waits for half a second.
    longer: 2,
    countedMessages: 10_000,
  },
];

/** @throws {RangeError} where there is no such workload. */
export function loadOf(id: string): Load {
  const workload = workloads.find((each) => each.id === id);
  if (workload === undefined) throw new RangeError(`There is no workload ${id}.`);
  return workload.load;
}

/** What is measured of fairness, by id. */
export const fairness = {
  F1: '1,000 active connections: the least served one, of its fair share',
  F2: '64 connections beside one that streams: how much longer they wait',
} as const;

/** A server with its read buffer. */
export interface Entry {
  readonly contestant: ContestantName;
  readonly bufferBytes: number;
  /** How it is called in results: the contestant, and its buffer where several are measured. */
  readonly label: string;
}

/** Who takes part in a workload. The baseline is among them. */
export function entriesOf({ id, load }: Workload): Entry[] {
  const able = contestants.filter((name) => name !== 'blocking' || id === 'W1');
  if (load.mode !== 'stream') {
    return able
      .filter((name) => name !== 'node-net-onread')
      .map((contestant) => ({ contestant, bufferBytes: chunkBytes, label: contestant }));
  }
  // How much is read at a time decides how fast a stream is, so both are shown. node:net chooses
  // for itself, except through `onread`. A stream nearly always has more, so asking costs little.
  return able.flatMap((contestant) => {
    if (contestant === 'engine-asking' || contestant === 'uv-poll') return [];
    const sizes = contestant === baseline ? [chunkBytes] : [chunkBytes, windowBytes];
    return sizes.map((bufferBytes) => ({
      contestant,
      bufferBytes,
      label: contestant === baseline ? contestant : `${contestant} ${bufferBytes / 1_024}K`,
    }));
  });
}

/** These contestants as they are, with the buffer that all have. */
export function plainEntries(names: readonly ContestantName[]): Entry[] {
  return names.map((contestant) => ({ contestant, bufferBytes: chunkBytes, label: contestant }));
}

/**
 * Whose calls are counted: the engine at its default, trying and asking. What the other presets call is held
 * by a test.
 */
export function countedEntriesOf(workload: Workload): Entry[] {
  return entriesOf(workload).filter(
    ({ contestant }) =>
      contestant === 'engine-asking' || engineOf(contestant)?.preset === defaultPreset,
  );
}
