import { readFile } from 'node:fs/promises';
import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The delays of one kind since the last report. */
export interface Delay {
  readonly count: number;
  /** In microseconds; NaN becomes null in JSON, so a report without any delay has 0. */
  readonly p50us: number;
  readonly p99us: number;
}

/** The delays of the other work in a server's process. */
export interface DelayReport {
  /** The delay of a timer of 10 ms: the time beyond its 10 ms. */
  readonly timer: Delay;
  /** The duration of fs.readFile of a small file. */
  readonly readFile: Delay;
}

const periodMs = 10;
const file = fileURLToPath(import.meta.url);

/**
 * Runs other work in the server's process: a repeated timer of 10 ms, and repeated reads of a file.
 * Records the delays of both.
 */
export class DelayWatch {
  readonly #timer = createHistogram();
  readonly #readFile = createHistogram();

  constructor() {
    this.#runTimer();
    void this.#runReads();
  }

  /** The delays since the last call. */
  take(): DelayReport {
    return { timer: takeFrom(this.#timer), readFile: takeFrom(this.#readFile) };
  }

  #runTimer(): void {
    const dueMs = performance.now() + periodMs;
    setTimeout(() => {
      record(this.#timer, performance.now() - dueMs);
      this.#runTimer();
    }, periodMs);
  }

  async #runReads(): Promise<void> {
    for (;;) {
      const beganMs = performance.now();
      await readFile(file);
      record(this.#readFile, performance.now() - beganMs);
      await sleep(periodMs);
    }
  }
}

/** A histogram takes whole numbers from 1: nanoseconds. */
function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * 1e6)));
}

function takeFrom(histogram: RecordableHistogram): Delay {
  const count = Number(histogram.count);
  const [p50us, p99us] = [50, 99].map((part) =>
    count === 0 ? 0 : Number(histogram.percentile(part)) / 1e3,
  ) as [number, number];
  histogram.reset();
  return { count, p50us, p99us };
}
