import { type AfdPoller, type Interest, PollEvents, type SocketEvent } from 'afd-poller';
import { createPoller, hasWork } from 'afd-poller/internal';
import type { Kernel } from 'ntdllx';
import type { Skt } from 'tofu-sockets';

/** A look that found so many events may have left others: it is made again, but not for ever. */
const crowd = 64;
const mostLooks = 16;

/** What a registered socket belongs to: a listener, a connection, a connect that is under way. */
export interface Source {
  /** Its socket is ready, or failed. The event is valid during the call. */
  onEvent(event: SocketEvent<Source>): void;
  /** Its turn to try without being asked; see {@link TurnEngine.tryLater}. */
  onTry(): void;
}

/** How much one turn does before the others have theirs. */
export interface TurnBudget {
  /** How many events one wait returns at the most. */
  readonly events: number;
  /** How many sources are tried, while no event came in. */
  readonly tries: number;
  /** After how many bytes no further source is tried. */
  readonly bytes: number;
}

/** What the engine did. */
export interface TurnCounts {
  turns: number;
  events: number;
  tries: number;
  bytes: number;
}

/**
 * One turn of the reactor: wait, deliver, and try those again that were served last. Who would block,
 * or would most likely, is left to the poller.
 */
export class TurnEngine {
  readonly poller: AfdPoller<Source>;
  readonly counts: TurnCounts = { turns: 0, events: 0, tries: 0, bytes: 0 };
  readonly #budget: TurnBudget;
  readonly #events: PollEvents<Source>;
  #eager: Source[] = [];
  #isInTurn = false;
  #isClosed = false;
  /** Called with each packet that another thread posted. */
  onPost: ((type: number, value: number) => void) | undefined;
  /** Called when there is something to do outside of a turn. */
  #onWork: () => void = () => {};

  /** @param now the poller's clock; undefined for the real one. */
  constructor(kernel: Kernel, budget: TurnBudget, now: (() => number) | undefined) {
    this.#budget = budget;
    this.#events = new PollEvents<Source>(budget.events);
    this.poller = createPoller<Source>({ kernel, allowMainThread: true, ...(now && { now }) });
  }

  /** Called when a turn is due. */
  set onWork(run: () => void) {
    this.#onWork = run;
  }

  get isInTurn(): boolean {
    return this.#isInTurn;
  }

  /** True if a turn has something to do without waiting: sources to try, polls to submit. */
  get hasWork(): boolean {
    return this.#eager.length > 0 || hasWork(this.poller);
  }

  /** Asks the poller. @param isRegistered whether the socket was passed here before. */
  ask(source: Source, skt: Skt, interest: Interest, isRegistered: boolean): void {
    if (isRegistered) this.poller.modify(skt, interest, source);
    else this.poller.add(skt, interest, source);
    if (!this.#isInTurn) this.#onWork();
  }

  /** Has a source tried in this turn, or in the next one. The caller passes each once at a time. */
  tryLater(source: Source): void {
    this.#eager.push(source);
    if (!this.#isInTurn && this.#eager.length === 1) this.#onWork();
  }

  /** Has a turn made, though nothing is to be submitted: packets of other threads may come. */
  requestTurn(): void {
    if (!this.#isInTurn) this.#onWork();
  }

  /** Counts bytes that were received or sent, against the budget of the turn. */
  served(bytes: number): void {
    this.counts.bytes += bytes;
  }

  /** Waits, unless there is work, and does it. @returns false if the budget ended it. */
  turn(timeoutMs: number): boolean {
    this.#isInTurn = true;
    this.counts.turns += 1;
    try {
      const isBusy = this.#eager.length > 0;
      let found = this.#deliver(isBusy ? 0 : timeoutMs);
      const hasOthers = found > 0;
      // All that wait at the poller are served before those that are tried have their next try.
      for (let looks = 1; isBusy && found >= crowd && looks < mostLooks; looks += 1) {
        found = this.#deliver(0);
      }
      this.#tryAgain(hasOthers ? 1 : this.#budget.tries);
      return found < this.#budget.events;
    } finally {
      this.#isInTurn = false;
    }
  }

  /** Cancels everything and closes the port. @throws {PollerError} `ERR_POLLER_LEAK` */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#eager = [];
    this.poller.close();
  }

  #deliver(timeoutMs: number): number {
    if (this.#isClosed) return 0;
    const events = this.poller.wait(timeoutMs, this.#events);
    const { length } = events;
    this.counts.events += length;
    for (const event of events) {
      if (event.kind === 'socket') event.token.onEvent(event);
      else if (event.kind === 'post') this.onPost?.(event.type, event.value);
    }
    return length;
  }

  /** In turn, so that one that always has more does not keep the others from theirs. */
  #tryAgain(tries: number): void {
    const limit = this.counts.bytes + this.#budget.bytes;
    for (let left = tries; left > 0 && this.#eager.length > 0; ) {
      if (this.counts.bytes >= limit) return;
      const sources = this.#eager;
      this.#eager = [];
      for (const source of sources) {
        left -= 1;
        this.counts.tries += 1;
        source.onTry();
      }
    }
  }
}
