import { type PreparedInterest, prepareInterest, type SocketEvent } from 'afd-poller';
import type { AcceptedSkt, ClientSkt } from 'tofu-sockets';
import { refusedError, resetError } from './node-errors.js';
import type { Source, TurnEngine } from './turn-engine.js';

/** What a connection may wait for. */
export const readBit = 1;
export const writeBit = 2;

/** By these bits. Each is reported once; the connection asks again when it is through. */
const interests: readonly PreparedInterest[] = [
  prepareInterest({}),
  prepareInterest({ readable: true, mode: 'oneshot' }),
  prepareInterest({ writable: true, mode: 'oneshot' }),
  prepareInterest({ readable: true, writable: true, mode: 'oneshot' }),
];

/** What a link reports to. */
export interface LinkOwner {
  /** @param isEnd the peer sends no more; there may be bytes before that. */
  readable(isEnd: boolean): void;
  writable(): void;
  /** Its turn to try, after {@link StreamLink.tryLater}. */
  tried(): void;
  /** The connection is broken. */
  failed(error: Error): void;
}

/**
 * A connected socket and the poller: collects what is waited for, asks once for all of it, and only for
 * what was not asked for already.
 */
export class StreamLink implements Source {
  readonly skt: AcceptedSkt | ClientSkt;
  readonly #engine: TurnEngine;
  readonly #owner: LinkOwner;
  #wanted = 0;
  /** What the poller was asked for and has not reported. */
  #asked = 0;
  #isRegistered: boolean;
  #isEager = false;
  #isInEvent = false;
  #isClosed = false;

  /** Takes over `skt`. @param isRegistered the poller has it already, with this link as its token. */
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

  /** Waits for reading or writing; reported once. */
  want(bit: number): void {
    if ((this.#wanted & bit) !== 0) return;
    this.#wanted |= bit;
    if (!this.#isInEvent) this.#ask();
  }

  /** Is tried in this turn or in the next one, without asking. */
  tryLater(): void {
    if (this.#isEager || this.#isClosed) return;
    this.#isEager = true;
    this.#engine.tryLater(this);
  }

  onEvent(event: SocketEvent<Source>): void {
    if (this.#isClosed) return;
    this.#asked = 0;
    if (event.isReset || event.isRefused) {
      this.#owner.failed(event.isReset ? resetError('read') : refusedError(event.cause));
      return;
    }
    const { isReadable, isReadClosed, isWritable } = event;
    this.#isInEvent = true;
    try {
      if (isWritable) {
        this.#wanted &= ~writeBit;
        this.#owner.writable();
      }
      if ((isReadable || isReadClosed) && !this.#isClosed) {
        this.#wanted &= ~readBit;
        this.#owner.readable(isReadClosed);
      }
    } finally {
      this.#isInEvent = false;
    }
    this.#ask();
  }

  onTry(): void {
    this.#isEager = false;
    if (!this.#isClosed) this.#owner.tried();
  }

  /** Closes the socket; nothing is reported from here on. @param isHard the peer sees a reset. */
  close(isHard: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (isHard) this.skt.abortOnClose();
    } finally {
      this.skt.close();
    }
  }

  #ask(): void {
    if (this.#isClosed || (this.#wanted & ~this.#asked) === 0) return;
    this.#asked = this.#wanted;
    const interest = interests[this.#wanted] as PreparedInterest;
    const isRegistered = this.#isRegistered;
    this.#isRegistered = true;
    this.#engine.ask(this, this.skt, interest, isRegistered);
  }
}
