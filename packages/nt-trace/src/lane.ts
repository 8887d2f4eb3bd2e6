import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  threadId,
} from 'node:worker_threads';
import { type CallObserver, observeCalls } from 'ntdllx/trace';
import type { HandleNames } from './handle-names.js';
import type { RawCall } from './raw-call.js';
import type { TraceRecord } from './record.js';
import { Recorder } from './recorder.js';
import { writeLine } from './stderr.js';
import { formatRecord } from './text.js';
import { TraceBuilder } from './trace-builder.js';

/** What a worker is handed so that its calls are traced, too. Its `port` is to be transferred. */
export interface LaneSetup {
  readonly name: string;
  readonly port: MessagePort;
  /** The number of the last call, counted by all threads. */
  readonly numbers: Int32Array;
  /** 0 while the worker traces, 1 when all of it was sent. */
  readonly state: Int32Array;
  readonly originUs: number;
  readonly isText: boolean;
  /** Calls with a higher number are not sent. */
  readonly mostCalls: number;
}

/** The parent's side of a worker's trace. */
export interface Lane {
  readonly setup: LaneSetup;
  readonly received: MessagePort;
}

/** Makes both sides. */
export function makeLane(common: Omit<LaneSetup, 'port' | 'state'>): Lane {
  const { port1, port2 } = new MessageChannel();
  const state = new Int32Array(new SharedArrayBuffer(4));
  return { setup: { ...common, port: port2, state }, received: port1 };
}

/** A thread that is observed. */
export interface RecordedThread {
  /** What its handles are called; undefined where no listener gets records. */
  readonly handles: HandleNames | undefined;
  /** Hands on a call that failed and still waits for the next one. */
  flush(): void;
  end(): void;
}

/**
 * Observes the calls of this thread.
 *
 * @param take gets each call; also `onRecord`, if it is given, with names as this thread alone knows
 *   them.
 * @param options `suffix` ends the names of those records; a call with a number above `mostCalls` is
 *   only counted, unless there is a listener.
 */
export function recordThread(
  numbers: Int32Array,
  take: (raw: RawCall) => void,
  onRecord: ((record: TraceRecord) => void) | undefined,
  { suffix = '', mostCalls }: { readonly suffix?: string; readonly mostCalls: number },
): RecordedThread {
  const builder = onRecord === undefined ? undefined : new TraceBuilder(suffix);
  const recorder = new Recorder(
    () => Atomics.add(numbers, 0, 1) + 1,
    (raw) => {
      take(raw);
      for (const record of builder?.add(raw) ?? []) onRecord?.(record);
    },
  );
  const isAllRecorded = onRecord !== undefined || mostCalls === Number.POSITIVE_INFINITY;
  const end = observeCalls(isAllRecorded ? recorder : upTo(mostCalls, recorder, numbers));
  return {
    handles: builder?.handles,
    flush: () => recorder.flush(),
    end() {
      end();
      recorder.flush();
    },
  };
}

/** Lets a recorder see calls while few were made, and then only counts them. */
function upTo(mostCalls: number, recorder: Recorder, numbers: Int32Array): CallObserver {
  let isRecorded = false;
  return {
    before: (call) => {
      isRecorded = Atomics.load(numbers, 0) < mostCalls;
      if (isRecorded) recorder.before(call);
      else Atomics.add(numbers, 0, 1);
    },
    after: (call) => {
      if (isRecorded) recorder.after(call);
    },
  };
}

/** Writes a thread's records to standard error, a line each, at once. */
export function lineWriter(originUs: number, thread: string): (record: TraceRecord) => void {
  const options = { originUs, threadName: () => thread };
  return (record) => writeLine(formatRecord(record, options));
}

/** In the worker: traces its calls until the function that it returns is called. */
export function traceInLane(setup: LaneSetup): () => void {
  const { port, numbers, state, originUs, isText, mostCalls, name } = setup;
  const thread = recordThread(
    numbers,
    (raw) => {
      if (raw.number <= mostCalls) port.postMessage(raw);
    },
    isText ? lineWriter(originUs, `${name} ${threadId}`) : undefined,
    { suffix: `@${threadId}`, mostCalls },
  );
  return () => {
    thread.end();
    endLane(state);
  };
}

function endLane(state: Int32Array): void {
  Atomics.store(state, 0, 1);
  Atomics.notify(state, 0);
}

/** For whoever made a lane and got no worker: the end of the trace does not wait for one. */
export function dropLane({ port, state }: LaneSetup): void {
  port.close();
  endLane(state);
}

/** What a worker sent so far. */
export function drainLane({ received }: Lane): RawCall[] {
  const calls: RawCall[] = [];
  for (;;) {
    const message = receiveMessageOnPort(received) as { message: RawCall } | undefined;
    if (message === undefined) return calls;
    calls.push(message.message);
  }
}

/** Waits until a worker sent all of its calls. @returns false when the time is over. */
export function laneEnded({ setup: { state } }: Lane, limitMs: number): boolean {
  Atomics.wait(state, 0, 0, limitMs);
  return Atomics.load(state, 0) === 1;
}
