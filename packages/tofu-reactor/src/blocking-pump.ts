import { performance } from 'node:perf_hooks';
import type { Pump } from './pump.js';
import type { TurnEngine } from './turn-engine.js';

/** While it is busy, Node's loop has its turn so often: timers, messages, files. */
const visitNodeMs = 20;

/**
 * Turns the engine by waiting in the kernel, on the thread that called `run`. Promises go on after each
 * turn; the rest of Node's loop whenever a wait found nothing, and every 20 ms otherwise.
 */
export class BlockingPump implements Pump {
  readonly #engine: TurnEngine;
  readonly #maxBlockMs: number;
  #isRef = false;
  #isStopped = false;
  #isClosed = false;
  #running: Promise<void> | undefined;

  constructor(engine: TurnEngine, maxBlockMs: number) {
    this.#engine = engine;
    this.#maxBlockMs = maxBlockMs;
  }

  setRef(isRef: boolean): void {
    this.#isRef = isRef;
  }

  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  stop(): void {
    this.#isStopped = true;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  async #run(): Promise<void> {
    const engine = this.#engine;
    this.#isStopped = false;
    let visitedMs = performance.now();
    while (this.#isRef && !this.#isStopped && !this.#isClosed) {
      const events = engine.counts.events;
      engine.turn(this.#maxBlockMs);
      // A tick runs after all promises went on, and what they led to.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      const nowMs = performance.now();
      const isIdle = engine.counts.events === events && !engine.hasWork;
      if (!isIdle && nowMs - visitedMs < visitNodeMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      visitedMs = performance.now();
    }
  }
}
