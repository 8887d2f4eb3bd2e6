import { isMainThread, threadId } from 'node:worker_threads';
import type { HandleLabel, RawCall } from './raw-call.js';
import type { TraceRecord } from './record.js';
import { buildTrace } from './trace-builder.js';
import {
  drainTrack,
  lineWriter,
  makeTrack,
  type RecordedThread,
  recordThread,
  type Track,
  type TrackSetup,
  trackEnded,
} from './track.js';

/** Options of a trace. */
export interface TraceOptions {
  /** Writes a line per record to standard error, at once, in every traced thread. Default: no. */
  readonly text?: boolean;
  /**
   * Which calls to keep for {@link Trace.stop}: true keeps all calls (the default), false none, and
   * a number N the first N calls. A call that is not kept uses no memory. If no listener gets it
   * either, it is only counted.
   */
  readonly keep?: boolean | number;
  /**
   * The listener: called with each record of this thread as soon as its call has returned. A
   * failed call is delivered with the next call. The listener must not make foreign calls and must
   * not throw. If it throws, the trace of this thread ends with a process warning.
   */
  readonly onRecord?: (record: TraceRecord) => void;
}

/** A thread of a trace. */
export interface TracedThread {
  /** Node's thread id: 0 is the main thread. -1 for a worker from which no call arrived. */
  readonly id: number;
  /** `main`, `worker`, or the name that the parent gave to `trackFor`. */
  readonly name: string;
  /** False for a worker that had not ended when the trace ended. Its last calls may be missing. */
  readonly isComplete: boolean;
}

/** A handle that is open. */
export interface OpenHandle {
  /** Its value. */
  readonly handle: bigint;
  /** The name in the records, such as `port#1`. A socket's base handle has the socket's name. */
  readonly name: string;
}

/** The result of a trace. */
export interface TraceResult {
  /** In the order in which calls started; each call is followed by the packets that it removed. */
  readonly records: readonly TraceRecord[];
  /** The traced threads: first the one that started the trace. */
  readonly threads: readonly TracedThread[];
  /** The number of calls, including those that were not kept. */
  readonly callCount: number;
  /** When the trace began, on the records' clock. */
  readonly originUs: number;
}

/** How long the end of a trace waits for workers to send their last calls. */
const trackLimitMs = 2_000;

let current: Trace | undefined;

/** A running trace of the thread that started it, and of the workers that take part. */
export class Trace {
  readonly #originUs = Number(process.hrtime.bigint()) / 1_000;
  readonly #numbers = new Int32Array(new SharedArrayBuffer(4));
  readonly #options: TraceOptions;
  readonly #calls: (RawCall | HandleLabel)[] = [];
  readonly #tracks: Track[] = [];
  readonly #thread: RecordedThread;
  #result: TraceResult | undefined;

  /** Called by {@link startTrace}. */
  constructor(options: TraceOptions) {
    this.#options = options;
    const write = options.text ? lineWriter(this.#originUs, '') : undefined;
    const reported = [write, options.onRecord].filter((each) => each !== undefined);
    this.#thread = recordThread(
      this.#numbers,
      (raw) => {
        if (raw.number <= this.#mostCalls) this.#calls.push(raw);
      },
      reported.length === 0
        ? undefined
        : (record) => {
            for (const each of reported) each(record);
          },
      { mostCalls: this.#mostCalls },
    );
  }

  get #mostCalls(): number {
    const { keep = true } = this.#options;
    if (typeof keep === 'number') return keep;
    return keep ? Number.POSITIVE_INFINITY : 0;
  }

  /** Called by {@link trackFor}. */
  track(name: string): TrackSetup {
    const track = makeTrack({
      name,
      numbers: this.#numbers,
      originUs: this.#originUs,
      isText: this.#options.text ?? false,
      mostCalls: this.#mostCalls,
    });
    this.#tracks.push(track);
    return track.setup;
  }

  /**
   * The handles that this thread made and did not close, by name, in the order in which they were
   * made. Only for a trace with `text` or `onRecord`; empty otherwise.
   */
  openHandles(): OpenHandle[] {
    const open = this.#thread.handles?.open() ?? [];
    return open.map(([handle, name]) => ({ handle, name }));
  }

  /**
   * Delivers the record of a failed call of this thread now. Otherwise it is delivered with the
   * next call, which may ask for the error code. The record then has no `error`.
   */
  flush(): void {
    this.#thread.flush();
  }

  /**
   * Ends the trace. A second call returns the same result. Blocks until every worker that takes
   * part has sent its last calls, but at most 2 s. So end the workers first.
   */
  stop(): TraceResult {
    if (this.#result !== undefined) return this.#result;
    this.#thread.end();
    if (current === this) current = undefined;
    const name = isMainThread ? 'main' : 'worker';
    const threads: TracedThread[] = [{ id: threadId, name, isComplete: true }];
    const calls = [...this.#calls];
    const deadlineMs = performance.now() + trackLimitMs;
    for (const track of this.#tracks) {
      const isComplete = trackEnded(track, Math.max(0, deadlineMs - performance.now()));
      const drained = drainTrack(track);
      const first = drained.find((each) => 'threadId' in each);
      threads.push({ id: first?.threadId ?? -1, name: track.setup.name, isComplete });
      for (const raw of drained) calls.push(raw);
      track.received.close();
    }
    this.#calls.length = 0;
    const callCount = Atomics.load(this.#numbers, 0);
    this.#result = { records: buildTrace(calls), threads, callCount, originUs: this.#originUs };
    return this.#result;
  }
}

/**
 * Traces every foreign call that this thread makes through ntdllx from now on, and the calls of
 * each worker that has a {@link trackFor track}. A handle that the program made before the trace
 * began has no name in the records.
 *
 * @throws {Error} if the calls of this thread already have an observer, such as another trace.
 *
 * @example
 * ```ts
 * import { formatRecord, startTrace } from 'nt-trace';
 *
 * const trace = startTrace();
 * // … calls of any package that uses ntdllx …
 * const { records, originUs } = trace.stop();
 * for (const record of records) console.log(formatRecord(record, { originUs }));
 * ```
 */
export function startTrace(options: TraceOptions = {}): Trace {
  const trace = new Trace(options);
  current = trace;
  return trace;
}

/**
 * Makes a track: a new worker sends its calls on it to the trace of this thread. Put the returned
 * set-up into the worker's `workerData` and its `port` into `transferList`. The worker calls
 * `traceOnTrack` with the set-up. If the worker cannot be made, call `dropTrack` with it.
 *
 * @returns the worker's end of the track; undefined if this thread is not being traced.
 */
export function trackFor(name: string): TrackSetup | undefined {
  return current?.track(name);
}
