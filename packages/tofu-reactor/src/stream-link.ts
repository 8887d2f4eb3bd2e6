import { type PreparedInterest, prepareInterest, type SocketEvent } from 'afd-poller';
import type { AcceptedSkt, ClientSkt } from 'tofu-sockets';
import { refusedError, resetError } from './node-errors.js';
import type { Source, TurnEngine } from './turn-engine.js';

/** The two directions that a connection can wait for, as bits. */
export const readBit = 1;
export const writeBit = 2;

/**
 * The interests by these bits. Each is reported once; the connection requests it again when it
 * needs it.
 */
const interests: readonly PreparedInterest[] = [
  prepareInterest({}),
  prepareInterest({ readable: true, mode: 'oneshot' }),
  prepareInterest({ writable: true, mode: 'oneshot' }),
  prepareInterest({ readable: true, writable: true, mode: 'oneshot' }),
];

/** The receiver of a link's events. */
export interface LinkOwner {
  /** @param isEnd the peer sends no more; earlier bytes may still be unread. */
  readable(isEnd: boolean): void;
  writable(): void;
  /** Called in a later turn, after {@link StreamLink.tryLater}. */
  tried(): void;
  /** The connection was reset, or it cannot be polled. */
  failed(error: Error): void;
}

/**
 * Connects a socket with the poller. It collects the directions that the connection waits for, and
 * requests their events with one call, unless these are requested already.
 */
export class StreamLink implements Source {
  readonly skt: AcceptedSkt | ClientSkt;
  readonly #engine: TurnEngine;
  readonly #owner: LinkOwner;
  /** The directions that the connection waits for. */
  #interest = 0;
  /** The directions that were requested from the poller and are not reported yet. */
  #requested = 0;
  #isRegistered: boolean;
  /** A reset is to be reported also while the connection waits for no direction. */
  #isWatching = false;
  /** This was requested from the poller. */
  #isWatched = false;
  #isEager = false;
  #isInEvent = false;
  #isClosed = false;

  /**
   * Takes ownership of `skt`.
   *
   * @param isRegistered true if it is registered already, with this link as its token.
   */
  constructor(
    engine: TurnEngine,
    skt: AcceptedSkt | ClientSkt,
    owner: LinkOwner,
    isRegistered = false,
  ) {
    this.#engine = engine;
    this.skt = skt;
    this.#owner = owner;
    this.#isRegistered = isRegistered;
  }

  /** Requests one event for reading or writing. */
  requestEvent(bit: number): void {
    if (bit === readBit) this.#isWatching = false;
    if ((this.#interest & bit) !== 0) return;
    this.#interest |= bit;
    if (!this.#isInEvent) this.#update();
  }

  /**
   * Requests the event of a reset until the next request for reading, also while the connection
   * waits for neither direction. Otherwise a reset is reported only with the next event of a
   * direction.
   */
  watchReset(): void {
    this.#isWatching = true;
    if (!this.#isInEvent) this.#update();
  }

  /**
   * Schedules a try without a poll: in this turn or in the next one, or only in the next one.
   */
  tryLater(isNextTurn: boolean): void {
    if (this.#isEager || this.#isClosed) return;
    this.#isEager = true;
    if (isNextTurn) this.#engine.tryNextTurn(this);
    else this.#engine.tryLater(this);
  }

  onEvent(event: SocketEvent<Source>): void {
    if (this.#isClosed) return;
    this.#requested = 0;
    this.#isWatched = false;
    if (event.isReset || event.isRefused) {
      this.#owner.failed(event.isReset ? resetError('read') : refusedError(event.cause));
      return;
    }
    const { isReadable, isReadClosed, isWritable } = event;
    this.#isInEvent = true;
    try {
      if (isWritable) {
        this.#interest &= ~writeBit;
        this.#owner.writable();
      }
      if ((isReadable || isReadClosed) && !this.#isClosed) {
        this.#interest &= ~readBit;
        this.#owner.readable(isReadClosed);
      }
    } finally {
      this.#isInEvent = false;
    }
    this.#update();
  }

  onTry(): void {
    this.#isEager = false;
    if (!this.#isClosed) this.#owner.tried();
  }

  /** Closes the socket; no event is reported after that. @param isHard closes it with a reset. */
  close(isHard: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (isHard) this.skt.abortOnClose();
    } finally {
      this.skt.close();
    }
  }

  /** Requests the missing events from the poller. */
  #update(): void {
    if (this.#isClosed) return;
    if ((this.#interest & ~this.#requested) !== 0) {
      this.#requested = this.#interest;
      this.#isWatched = false;
      this.#request(interests[this.#interest] as PreparedInterest);
    } else if (this.#requested === 0 && this.#isWatching && !this.#isWatched) {
      this.#isWatched = true;
      this.#request(interests[0] as PreparedInterest);
    }
  }

  #request(interest: PreparedInterest): void {
    const isRegistered = this.#isRegistered;
    this.#isRegistered = true;
    try {
      this.#engine.request(this, this.skt, interest, isRegistered);
    } catch (error) {
      // The first poll of a socket may need another handle of AFD, which NT may refuse.
      this.#owner.failed(error as Error);
    }
  }
}
