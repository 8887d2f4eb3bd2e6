import { reportUncaught } from './callback.js';
import type { PortWatch, PortWatchFactory } from './port-watch.js';
import type { Pump } from './pump.js';
import type { TurnEngine } from './turn-engine.js';

/** How many turns one visit performs before Node's loop handles its timers, files and sockets. */
const turnsPerVisit = 4;

/** The pause after a turn that failed, for example because NT refused to remove packets. */
const retryMs = 50;

/**
 * Performs the engine's turns inside Node's event loop without blocking it. A visit performs turns
 * until no work is left, and then arms the watch on the port. If its budget is used up before, the
 * visit continues in `setImmediate`, after the loop has handled its other events.
 */
export class LoopPump implements Pump {
  readonly #engine: TurnEngine;
  readonly #watch: PortWatch;
  readonly #visit = () => this.#visitNow();
  #immediate: NodeJS.Immediate | undefined;
  #isRef = false;
  #isClosed = false;
  #waiters: (() => void)[] = [];

  constructor(engine: TurnEngine, watchPort: PortWatchFactory) {
    this.#engine = engine;
    this.#watch = watchPort(engine.poller.remoteData().port, this.#visit);
    engine.onWork = () => this.#schedule();
  }

  setRef(isRef: boolean): void {
    this.#isRef = isRef;
    this.#watch.setRef(isRef);
    if (isRef) this.#immediate?.ref();
    else this.#immediate?.unref();
    if (!isRef) this.#wake();
  }

  run(): Promise<void> {
    if (!this.#isRef || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  stop(): void {
    this.#wake();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    clearImmediate(this.#immediate);
    this.#wake();
    return this.#watch.close();
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #schedule(): void {
    if (this.#immediate !== undefined || this.#isClosed) return;
    this.#immediate = setImmediate(this.#visit);
    if (!this.#isRef) this.#immediate.unref();
  }

  #visitNow(): void {
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    const engine = this.#engine;
    if (this.#isClosed || engine.isInTurn) return;
    try {
      let isThrough = false;
      for (let turns = turnsPerVisit; turns > 0 && !this.#isClosed && !isThrough; turns -= 1) {
        isThrough = engine.turn(0) && !engine.hasWork;
        // Node runs ticks and promises when this visit ends.
        if (engine.mustYield) break;
      }
      if (this.#isClosed) return;
      if (isThrough) this.#watch.arm();
      else this.#schedule();
    } catch (error) {
      // libuv calls this function, so there is no caller that could catch the error. If the
      // program continues, so does the reactor.
      reportUncaught(error);
      setTimeout(this.#visit, retryMs).unref();
    }
  }
}
