import { performance } from 'node:perf_hooks';

/** A point in time on the monotonic clock. */
export class Deadline {
  readonly #atMs: number;

  /** @param limitMs the time until it, in milliseconds. */
  constructor(limitMs: number) {
    this.#atMs = performance.now() + limitMs;
  }

  /** The remaining time, never negative. */
  get remainingMs(): number {
    return Math.max(0, this.#atMs - performance.now());
  }

  get isOver(): boolean {
    return this.remainingMs === 0;
  }
}
