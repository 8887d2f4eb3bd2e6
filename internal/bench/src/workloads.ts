import { baseline, defaultPreset, engineOf, type SubjectName, subjects } from './subjects.js';

/** The options of a load generator. */
export interface Load {
  readonly mode: 'echo' | 'stream' | 'churn';
  readonly connections: number;
  /** The number of these connections that are not idle. */
  readonly active: number;
  readonly bytes: number;
}

/** One of the six workloads to which every speed figure refers. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly load: Load;
  /** The factor by which it is measured longer than the others. */
  readonly longer?: number;
  /** The number of messages with which calls are counted. */
  readonly countedMessages: number;
}

const chunkBytes = 65_536;

/** The maximum number of bytes of a stream that have not been echoed. */
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
    // With a thousand messages in flight the latency of each is half a second.
    longer: 2,
    countedMessages: 10_000,
  },
];

/** @throws {RangeError} for an unknown id. */
export function loadOf(id: string): Load {
  const workload = workloads.find((each) => each.id === id);
  if (workload === undefined) throw new RangeError(`Unknown workload ${id}.`);
  return workload.load;
}

/** The fairness measurements, by id. */
export const fairness = {
  F1: '1,000 active connections: the messages of the least served, divided by a fair share',
  F2: '64 connections with a streaming connection: the growth of their latency',
} as const;

/** The effects of and on other work and silent connections, by id. */
export const effects = {
  D2: 'the delay of a 10 ms timer and fs.readFile in a server under W2, compared with node:net',
  D6: 'the delay of a 10 ms timer and fs.readFile in a server under W6, compared with node:net',
  S1: '64 connections with 200 silent connections: their rate, compared with their rate alone',
  S2: '64 connections with 5,000 silent connections: their p99.9, compared with the raw engine',
} as const;

/** The measurement of an HTTP server, by id. */
export const http = {
  H1: 'an HTTP server, 64 connections that are kept alive, one request in flight on each',
} as const;

/** A server with its read buffer. */
export interface Entry {
  readonly subject: SubjectName;
  readonly bufferBytes: number;
  /** Its name in results: the subject, and the buffer size if several are measured. */
  readonly label: string;
}

/** The subjects of a workload, including the baseline. */
export function entriesOf({ id, load }: Workload): Entry[] {
  const able = subjects.filter((name) => name !== 'blocking' || id === 'W1');
  if (load.mode !== 'stream') {
    return able
      .filter((name) => name !== 'node-net-onread')
      .map((subject) => ({ subject, bufferBytes: chunkBytes, label: subject }));
  }
  // The size of each read determines the speed of a stream, so both sizes are shown. node:net
  // chooses its own size, except with `onread`. A stream nearly always has more data, so a server
  // that polls first loses little.
  return able.flatMap((subject) => {
    if (subject === 'engine-asking' || subject === 'uv-poll') return [];
    // Streams choose the size themselves.
    const isStream = subject === baseline || subject === 'reactor-stream';
    const sizes = isStream ? [chunkBytes] : [chunkBytes, windowBytes];
    return sizes.map((bufferBytes) => ({
      subject,
      bufferBytes,
      label: isStream ? subject : `${subject} ${bufferBytes / 1_024}K`,
    }));
  });
}

/** Entries for these subjects with the common buffer size. */
export function plainEntries(names: readonly SubjectName[]): Entry[] {
  return names.map((subject) => ({ subject, bufferBytes: chunkBytes, label: subject }));
}

/**
 * The subjects whose calls are counted: the default engine, eager and not eager. A test checks the
 * calls of the other presets.
 */
export function countedEntriesOf(workload: Workload): Entry[] {
  return entriesOf(workload).filter(
    ({ subject }) => subject === 'engine-asking' || engineOf(subject)?.preset === defaultPreset,
  );
}
