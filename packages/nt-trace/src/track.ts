import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  threadId,
} from 'node:worker_threads';
import { type CallObserver, observeCalls } from 'ntdllx/trace';
import type { HandleNames } from './handle-names.js';
import type { HandleLabel, RawCall } from './raw-call.js';
import type { TraceRecord } from './record.js';
import { Recorder } from './recorder.js';
import { writeLine } from './stderr.js';
import { formatRecord } from './text.js';
import { TraceBuilder } from './trace-builder.js';

/**
 * The worker's end of a track. A track carries the calls of one worker to the trace of its parent.
 * The parent passes this object to the worker and transfers its `port`.
 */
export interface TrackSetup {
  /** The name of the worker in the trace. */
  readonly name: string;
  /** Where the worker sends its calls. Transfer it to the worker. */
  readonly port: MessagePort;
  /** The number of the last call. All traced threads share this counter. */
  readonly numbers: Int32Array;
  /** 0 while the worker traces; 1 when it has sent all of its calls. */
  readonly state: Int32Array;
  /** When the trace began, on the clock that all threads share. */
  readonly originUs: number;
  /** True if the worker also writes a line per call to standard error. */
  readonly isText: boolean;
  /** Calls with a higher number are not sent. */
  readonly mostCalls: number;
}

/** The parent's end of a track. */
export interface Track {
  readonly setup: TrackSetup;
  readonly received: MessagePort;
}

/** Makes both ends of a track. */
export function makeTrack(common: Omit<TrackSetup, 'port' | 'state'>): Track {
  const { port1, port2 } = new MessageChannel();
  const state = new Int32Array(new SharedArrayBuffer(4));
  return { setup: { ...common, port: port2, state }, received: port1 };
}

/** A thread whose calls are recorded. */
export interface RecordedThread {
  /** The names of the thread's handles; undefined if the thread has no `onRecord` listener. */
  readonly handles: HandleNames | undefined;
  /** Delivers a failed call now. Otherwise the recorder delivers it with the next call. */
  flush(): void;
  end(): void;
}

/**
 * Records the calls of this thread.
 *
 * @param take is called with each call, and with each name that the program gives to a handle.
 * @param onRecord if given, is called with each record. These records number the handles of this
 *   thread alone: `port#1` of another thread is another port.
 * @param options `suffix` is the end of the handle names in these records. A call with a number
 *   above `mostCalls` is only counted, unless `onRecord` is given.
 */
export function recordThread(
  numbers: Int32Array,
  take: (raw: RawCall | HandleLabel) => void,
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
    (label) => {
      take(label);
      builder?.handles.label(label.handle, label.label);
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

/** Records the calls up to number `mostCalls`, and only counts later ones. */
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
    named: (handle, name) => recorder.named(handle, name),
  };
}

/** Returns a listener that writes each record of a thread to standard error at once, as a line. */
export function lineWriter(originUs: number, thread: string): (record: TraceRecord) => void {
  const options = { originUs, threadName: () => thread };
  return (record) => writeLine(formatRecord(record, options));
}

/**
 * Traces the calls of this thread, a worker, on the track that its parent made for it, until the
 * worker calls the returned function.
 */
export function traceOnTrack(setup: TrackSetup): () => void {
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
    endTrack(state);
  };
}

function endTrack(state: Int32Array): void {
  Atomics.store(state, 0, 1);
  Atomics.notify(state, 0);
}

/**
 * Ends a track whose worker could not be made. Otherwise the end of the trace waits for that worker.
 */
export function dropTrack({ port, state }: TrackSetup): void {
  port.close();
  endTrack(state);
}

/** Returns what the worker has sent so far: calls, and names of handles. */
export function drainTrack({ received }: Track): (RawCall | HandleLabel)[] {
  const sent: (RawCall | HandleLabel)[] = [];
  for (;;) {
    const message = receiveMessageOnPort(received) as
      | { message: RawCall | HandleLabel }
      | undefined;
    if (message === undefined) return sent;
    sent.push(message.message);
  }
}

/** Waits until the worker has sent all of its calls. @returns false when `limitMs` has passed. */
export function trackEnded({ setup: { state } }: Track, limitMs: number): boolean {
  Atomics.wait(state, 0, 0, limitMs);
  return Atomics.load(state, 0) === 1;
}
