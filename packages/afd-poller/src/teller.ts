import type { NTSTATUS } from 'ntdllx';
import type { EventKind, PollEvents } from './poll-events.js';
import { is } from './readiness.js';
import type { Registration } from './registration.js';

/** A wake, or a packet that was posted. */
interface Other {
  readonly kind: Exclude<EventKind, 'socket'>;
  readonly type: number;
  readonly value: number;
}

/**
 * Who is told what, by which wait. A registration that was told something rests until the next wait:
 * so no list names one twice, and a condition that stays true does not keep a wait busy.
 */
export class Teller<Token> {
  /** How many events were told. */
  told = 0;
  /** Filled by the wait that runs now. */
  #events: PollEvents<Token> | undefined;
  /** Told by the wait that runs, or by the last one. */
  #resting: Registration<Token>[] = [];
  /** To be told by the next wait: there was none, or its list was full. */
  #others: Other[] = [];
  #closed: Registration<Token>[] = [];

  /** True while a wait runs. */
  get isWaiting(): boolean {
    return this.#events !== undefined;
  }

  /**
   * A wait begins, with an empty list: what had to wait is told.
   *
   * @returns the registrations that rested long enough: they are to be looked at again.
   */
  begin(events: PollEvents<Token>): Registration<Token>[] {
    this.#events = events;
    if (this.#others.length > 0) {
      const others = this.#others;
      this.#others = [];
      for (const { kind, type, value } of others) this.tellOther(kind, type, value);
    }
    if (this.#closed.length > 0) {
      const closed = this.#closed;
      this.#closed = [];
      for (const registration of closed) this.tellClosed(registration);
    }
    const rested = this.#resting;
    this.#resting = [];
    for (const registration of rested) registration.isResting = false;
    return rested;
  }

  /** The wait is over. */
  end(): void {
    this.#events = undefined;
  }

  /**
   * Tells of a registration, which then rests.
   *
   * @returns false when the list is full: nothing was told, and what is true now may not be true at
   *   the next wait, so it has to be asked about again.
   */
  tell(registration: Registration<Token>, ready: number, cause: NTSTATUS): boolean {
    if (!this.#store(registration, ready, cause)) return false;
    registration.told(ready);
    registration.isResting = true;
    this.#resting.push(registration);
    return true;
  }

  /** Tells, now or by the next wait, that the socket was closed without being removed. */
  tellClosed(registration: Registration<Token>): void {
    if (!this.#store(registration, is.localClosed, 0)) this.#closed.push(registration);
  }

  /** Tells, now or by the next wait, of a wake or a packet that was posted; in this order. */
  tellOther(kind: Other['kind'], type: number, value: number): void {
    const events = this.#events;
    if (events === undefined || events.isFull) {
      this.#others.push({ kind, type, value });
      return;
    }
    const event = events.push(kind);
    event.type = type;
    event.value = value;
    this.told += 1;
  }

  /** Forgets everybody. */
  close(): void {
    this.#resting = [];
    this.#others = [];
    this.#closed = [];
  }

  #store(registration: Registration<Token>, ready: number, cause: NTSTATUS): boolean {
    const events = this.#events;
    if (events === undefined || events.isFull) return false;
    const event = events.push('socket');
    event.registration = registration;
    event.told = ready;
    event.version = registration.version;
    event.cause = cause;
    this.told += 1;
    return true;
  }
}
