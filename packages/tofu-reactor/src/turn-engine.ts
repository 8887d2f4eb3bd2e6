import { type AfdPoller, type Interest, PollEvents, type SocketEvent } from 'afd-poller';
import { createPoller, hasWork } from 'afd-poller/on-kernel';
import type { Kernel } from 'ntdllx';
import type { Skt } from 'tofu-sockets';

/**
 * If a wait returned at least this many events, more sockets may be ready, so the engine waits
 * again, up to `mostWaits` times in one turn.
 */
const manyEvents = 64;
const mostWaits = 16;

/** The owner of a registered socket: a server, a connection or a pending connect. */
export interface Source {
  /** The socket is ready or has failed. The event is valid only during the call. */
  onEvent(event: SocketEvent<Source>): void;
  /** Lets the source try without an event; see {@link TurnEngine.tryLater}. */
  onTry(): void;
}

/** Limits of one turn. */
export interface TurnBudget {
  /** The largest number of events of one wait. */
  readonly events: number;
  /**
   * After this many events and tries the turn ends. If events alone use it up, the turn still makes
   * a quarter as many tries, so that neither kind of source waits for the other.
   */
  readonly serves: number;
  /** The largest number of tries in a turn without events. */
  readonly tries: number;
  /** After this many bytes the turn tries no further source. */
  readonly bytes: number;
}

/** Counters of an engine. */
export interface TurnCounts {
  /** How often the engine took its turn in the loop. */
  turns: number;
  /** Events that its waits returned. */
  events: number;
  /** How often a source was tried without an event. */
  tries: number;
  /** Bytes that were received and sent. */
  bytes: number;
}

/**
 * Performs the turns of a reactor. A turn waits, delivers the events, and then tries the sources
 * that were served last: they receive again without waiting for an event. A source whose calls
 * would block, or most likely would, waits for an event of the poller instead.
 */
export class TurnEngine {
  readonly poller: AfdPoller<Source>;
  readonly counts: TurnCounts = { turns: 0, events: 0, tries: 0, bytes: 0 };
  readonly #budget: TurnBudget;
  readonly #events: PollEvents<Source>;
  #eager: Source[] = [];
  /** Sources to try in the next turn. */
  #next: Source[] = [];
  #mustYield = false;
  #isInTurn = false;
  /** How many events the last turn with a wait found. */
  #lastFound = 0;
  #isClosed = false;
  /** Called with each packet that another thread posted. */
  onPost: ((type: number, value: number) => void) | undefined;
  /** Called outside of a turn when a turn is due. */
  #onWork: () => void = () => {};

  /** @param now the poller's clock; undefined for the default. */
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
    return this.#eager.length > 0 || this.#next.length > 0 || hasWork(this.poller);
  }

  /**
   * True if Node has to run ticks and promises before the next turn. See {@link yieldAfterTurn}.
   */
  get mustYield(): boolean {
    return this.#mustYield;
  }

  /** Lets Node run ticks and promises after this turn, before another one begins. */
  yieldAfterTurn(): void {
    this.#mustYield = true;
  }

  /**
   * Requests events of a socket from the poller.
   *
   * @param isRegistered whether the socket is registered already.
   */
  request(source: Source, skt: Skt, interest: Interest, isRegistered: boolean): void {
    if (isRegistered) this.poller.modify(skt, interest, source);
    else this.poller.add(skt, interest, source);
    if (!this.#isInTurn) this.#onWork();
  }

  /**
   * Schedules a try of a source in this turn or in the next one. The caller must not pass a source
   * again before it was tried.
   */
  tryLater(source: Source): void {
    this.#eager.push(source);
    if (!this.#isInTurn && this.#eager.length === 1) this.#onWork();
  }

  /**
   * Schedules a try in the next turn. The caller must not pass a source again before it was tried.
   */
  tryNextTurn(source: Source): void {
    this.#next.push(source);
    if (!this.#isInTurn && this.#next.length === 1) this.#onWork();
  }

  /**
   * Requests a turn although there is no interest to submit, because other threads may post
   * packets.
   */
  requestTurn(): void {
    if (!this.#isInTurn) this.#onWork();
  }

  /** Counts bytes that were received or sent, against the budget of the turn. */
  served(bytes: number): void {
    this.counts.bytes += bytes;
  }

  /**
   * Waits unless there is work, and performs it.
   *
   * @param isContinued true: if there are sources to try, and the last wait found no event, it
   *   tries them without another wait.
   * @returns false if the turn ended because its budget was used up.
   */
  turn(timeoutMs: number, isContinued = false): boolean {
    this.#isInTurn = true;
    this.#mustYield = false;
    if (this.#next.length > 0) {
      this.#eager = this.#eager.length === 0 ? this.#next : [...this.#eager, ...this.#next];
      this.#next = [];
    }
    this.counts.turns += 1;
    try {
      const isBusy = this.#eager.length > 0;
      const { serves, tries, events } = this.#budget;
      let found = 0;
      if (!isBusy || !isContinued || this.#lastFound > 0) {
        found = this.#deliver(isBusy ? 0 : timeoutMs);
        this.#lastFound = found;
      }
      let served = found;
      // All sockets that are ready are served before any source has its next try.
      for (let waits = 1; isBusy && found >= manyEvents && waits < mostWaits; waits += 1) {
        if (served >= serves) break;
        found = this.#deliver(0);
        served += found;
      }
      this.#tryAgain(served > 0 ? 1 : tries, Math.max(serves - served, serves / 4));
      return found < events;
    } finally {
      this.#isInTurn = false;
    }
  }

  /** Cancels everything and closes the port. @throws {PollerError} `ERR_POLLER_LEAK` */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#eager = [];
    this.#next = [];
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

  /**
   * Tries the sources round-robin, so that one that always has more bytes does not starve the
   * others.
   *
   * @param tries begins no further round of all sources after this many.
   * @param most leaves the remaining sources of a round to the next turn after this many.
   */
  #tryAgain(tries: number, most: number): void {
    const limit = this.counts.bytes + this.#budget.bytes;
    for (let tried = 0; tried < tries && this.#eager.length > 0; ) {
      if (this.counts.bytes >= limit) return;
      const sources = this.#eager;
      this.#eager = [];
      let index = 0;
      try {
        while (index < sources.length && tried < most) {
          const source = sources[index] as Source;
          index += 1;
          tried += 1;
          this.counts.tries += 1;
          source.onTry();
        }
      } finally {
        // Also after an exception: otherwise these sources would never be tried again.
        if (index < sources.length) this.#eager = [...sources.slice(index), ...this.#eager];
      }
      if (tried >= most) return;
    }
  }
}
