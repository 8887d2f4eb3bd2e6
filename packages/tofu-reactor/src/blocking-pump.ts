import { performance } from 'node:perf_hooks';
import type { Pump } from './pump.js';
import type { TurnEngine } from './turn-engine.js';

/** The longest time after which a busy reactor lets Node's loop run its timers, messages and files. */
const visitNodeMs = 20;

/**
 * Performs the engine's turns on the thread that called `run`, which blocks in the kernel.
 * Promises continue after each turn. The rest of Node's loop runs after each wait that found
 * nothing, and otherwise every 20 ms.
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
      // The tick runs after all pending promise callbacks, and those that they lead to.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      const nowMs = performance.now();
      const isIdle = engine.counts.events === events && !engine.hasWork;
      if (!isIdle && nowMs - visitedMs < visitNodeMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      visitedMs = performance.now();
    }
  }
}
