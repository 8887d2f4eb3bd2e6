import { reportUncaught } from './callback.js';
import type { PortWatch, PortWatchFactory } from './port-watch.js';
import type { Pump } from './pump.js';
import type { TurnEngine } from './turn-engine.js';

/** How many turns are performed before Node's loop handles its timers, files and sockets. */
const turnsPerIteration = 4;

/** The pause after a turn that failed, for example because NT refused to remove packets. */
const retryMs = 50;

/**
 * Performs the engine's turns inside Node's event loop without blocking it. A visit performs turns
 * until no work is left, and then arms the watch on the port. If its budget is used up before, the
 * visit continues in `setImmediate`, after the loop has handled its other events.
 *
 * A turn after which Node has to run ticks and promises ends its visit. The next visits of the same
 * iteration of the loop have one immediate each, because Node runs ticks and promises between two
 * immediates. An iteration per turn would make libuv wait once per turn, which costs two calls.
 */
export class LoopPump implements Pump {
  readonly #engine: TurnEngine;
  readonly #watch: PortWatch;
  readonly #onPacket = () => {
    this.#unschedule();
    this.#visit();
  };
  readonly #onImmediate = () => {
    this.#immediates.shift();
    this.#visit();
  };
  /** The next visits, in order. */
  #immediates: NodeJS.Immediate[] = [];
  /** How many turns are left until the loop handles its other events. */
  #turnsLeft = turnsPerIteration;
  #isRef = false;
  #isClosed = false;
  #waiters: (() => void)[] = [];

  constructor(engine: TurnEngine, watchPort: PortWatchFactory) {
    this.#engine = engine;
    this.#watch = watchPort(engine.poller.remoteData().port, this.#onPacket);
    engine.onWork = () => this.#schedule();
  }

  setRef(isRef: boolean): void {
    this.#isRef = isRef;
    this.#watch.setRef(isRef);
    for (const immediate of this.#immediates) {
      if (isRef) immediate.ref();
      else immediate.unref();
    }
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
    this.#unschedule();
    this.#wake();
    return this.#watch.close();
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #schedule(visits = 1): void {
    if (this.#immediates.length > 0 || this.#isClosed) return;
    for (let left = visits; left > 0; left -= 1) {
      const immediate = setImmediate(this.#onImmediate);
      if (!this.#isRef) immediate.unref();
      this.#immediates.push(immediate);
    }
  }

  #unschedule(): void {
    for (const immediate of this.#immediates) clearImmediate(immediate);
    this.#immediates = [];
    this.#turnsLeft = turnsPerIteration;
  }

  #visit(): void {
    const engine = this.#engine;
    if (this.#isClosed || engine.isInTurn) return;
    try {
      let isThrough = false;
      while (this.#turnsLeft > 0 && !this.#isClosed && !isThrough) {
        // A source may receive as much in these turns as in one turn that does not yield.
        const isContinued = engine.mustYield && this.#turnsLeft < turnsPerIteration;
        this.#turnsLeft -= 1;
        isThrough = engine.turn(0, isContinued) && !engine.hasWork;
        // Node runs ticks and promises when this visit ends.
        if (engine.mustYield) break;
      }
      if (this.#isClosed) return;
      if (!isThrough && engine.mustYield && this.#turnsLeft > 0) {
        this.#schedule(this.#turnsLeft);
        return;
      }
      this.#unschedule();
      if (isThrough) this.#watch.arm();
      else this.#schedule(engine.mustYield ? turnsPerIteration : 1);
    } catch (error) {
      this.#unschedule();
      // libuv calls this function, so there is no caller that could catch the error. If the
      // program continues, so does the reactor.
      reportUncaught(error);
      setTimeout(this.#onPacket, retryMs).unref();
    }
  }
}
