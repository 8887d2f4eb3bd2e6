import { isMainThread, threadId } from 'node:worker_threads';
import {
  drainLane,
  type Lane,
  type LaneSetup,
  laneEnded,
  lineWriter,
  makeLane,
  type RecordedThread,
  recordThread,
} from './lane.js';
import type { RawCall } from './raw-call.js';
import type { TraceRecord } from './record.js';
import { buildTrace } from './trace-builder.js';

/** What is to become of a trace. */
export interface TraceOptions {
  /** Writes a line per record to standard error, at once, in every traced thread. Default: no. */
  readonly text?: boolean;
  /**
   * Keeps calls for {@link Trace.stop}: all of them (true, the default), none, or the first so many.
   * What is not kept needs no memory; without a listener it is only counted.
   */
  readonly keep?: boolean | number;
  /**
   * Called with each record of this thread as soon as its call returned. A failed call is reported together
   * with the next one. It must not make foreign calls, and must not throw: that ends the trace of this
   * thread, with a warning of the process.
   */
  readonly onRecord?: (record: TraceRecord) => void;
}

/** A thread of a trace. */
export interface TracedThread {
  /** Node's: 0 is the main one; -1 for a worker of which no call was seen. */
  readonly id: number;
  readonly name: string;
  /** False for a worker that had not ended when the trace was: calls of it may be missing. */
  readonly isComplete: boolean;
}

/** A handle that is open. */
export interface OpenHandle {
  readonly handle: bigint;
  /** As in the records: `port#1`. A socket's base handle goes by the socket's name. */
  readonly name: string;
}

/** What was seen. */
export interface TraceResult {
  /** In the order in which calls started, each call followed by the packets that it took. */
  readonly records: readonly TraceRecord[];
  readonly threads: readonly TracedThread[];
  /** How many calls there were, also those that were not kept. */
  readonly callCount: number;
  /** When the trace began, on the records' clock. */
  readonly originUs: number;
}

/** How long the end of a trace waits for a worker to send the rest. */
const laneLimitMs = 2_000;

let current: Trace | undefined;

/** A trace that is being made: of the thread that started it, and of workers that take part. */
export class Trace {
  readonly #originUs = Number(process.hrtime.bigint()) / 1_000;
  readonly #numbers = new Int32Array(new SharedArrayBuffer(4));
  readonly #options: TraceOptions;
  readonly #calls: RawCall[] = [];
  readonly #lanes: Lane[] = [];
  readonly #thread: RecordedThread;
  #result: TraceResult | undefined;

  /** Made by {@link startTrace}. */
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

  /** What a worker of this thread is to be handed to take part; see {@link laneFor}. */
  lane(name: string): LaneSetup {
    const lane = makeLane({
      name,
      numbers: this.#numbers,
      originUs: this.#originUs,
      isText: this.#options.text ?? false,
      mostCalls: this.#mostCalls,
    });
    this.#lanes.push(lane);
    return lane.setup;
  }

  /**
   * The handles that this thread made and did not close, by name, in the order in which they were made.
   * Only for a trace with `text` or `onRecord`; empty otherwise.
   */
  openHandles(): OpenHandle[] {
    const open = this.#thread.handles?.open() ?? [];
    return open.map(([handle, name]) => ({ handle, name }));
  }

  /**
   * Reports a call of this thread that failed and waits for the next one, which might ask why it did: for
   * a listener that needs it between two calls. Its record then has no `error`.
   */
  flush(): void {
    this.#thread.flush();
  }

  /**
   * Ends the trace; once more returns the same. Blocks until every worker that takes part has ended or
   * 2 s are over: end the workers first.
   */
  stop(): TraceResult {
    if (this.#result !== undefined) return this.#result;
    this.#thread.end();
    if (current === this) current = undefined;
    const name = isMainThread ? 'main' : 'worker';
    const threads: TracedThread[] = [{ id: threadId, name, isComplete: true }];
    const calls = [...this.#calls];
    const deadlineMs = performance.now() + laneLimitMs;
    for (const lane of this.#lanes) {
      const isComplete = laneEnded(lane, Math.max(0, deadlineMs - performance.now()));
      const drained = drainLane(lane);
      threads.push({ id: drained[0]?.threadId ?? -1, name: lane.setup.name, isComplete });
      for (const raw of drained) calls.push(raw);
      lane.received.close();
    }
    this.#calls.length = 0;
    const callCount = Atomics.load(this.#numbers, 0);
    this.#result = { records: buildTrace(calls), threads, callCount, originUs: this.#originUs };
    return this.#result;
  }
}

/**
 * Traces every foreign call that this thread makes through ntdllx from now on, and those of workers
 * that are handed a {@link laneFor lane}. What was made before, handles above all, has no name.
 *
 * @throws {Error} while there is an observer in this thread already.
 */
export function startTrace(options: TraceOptions = {}): Trace {
  const trace = new Trace(options);
  current = trace;
  return trace;
}

/**
 * What a worker that is about to be made is to be handed, so that its calls are part of this thread's
 * trace; undefined while there is none. Goes into `workerData`, its `port` into `transferList`; the
 * worker calls `traceInLane` with it. If no worker can be made, hand it to `dropLane`.
 */
export function laneFor(name: string): LaneSetup | undefined {
  return current?.lane(name);
}
