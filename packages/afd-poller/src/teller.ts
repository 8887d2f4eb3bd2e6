import type { NTSTATUS } from 'ntdllx';
import { Line } from './line.js';
import type { PollEvents } from './poll-events.js';
import { is } from './readiness.js';
import type { Registration } from './registration.js';

/** A packet that was posted. */
interface Post {
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
  #resting = new Line<Registration<Token>>();
  #rested = new Line<Registration<Token>>();
  /** To be told by the next wait: there was none, or its list was full. */
  #isWakeDue = false;
  #posts: Post[] = [];
  #closed: Registration<Token>[] = [];

  readonly #takeWake: () => number;

  /** @param takeWake takes the bits of all wakes until now. */
  constructor(takeWake: () => number) {
    this.#takeWake = takeWake;
  }

  /** True while a wait runs. */
  get isWaiting(): boolean {
    return this.#events !== undefined;
  }

  /**
   * A wait begins, with an empty list: what had to wait is told.
   *
   * @returns the registrations that rested long enough: they are to be looked at again. The line is
   *   the teller's own, and good until the next wait.
   */
  begin(events: PollEvents<Token>): Line<Registration<Token>> {
    this.#events = events;
    if (this.#isWakeDue) this.tellWake();
    if (this.#posts.length > 0) {
      const posts = this.#posts;
      this.#posts = [];
      for (const { type, value } of posts) this.tellPost(type, value);
    }
    if (this.#closed.length > 0) {
      const closed = this.#closed;
      this.#closed = [];
      for (const registration of closed) this.tellClosed(registration);
    }
    const rested = this.#resting;
    this.#resting = this.#rested;
    this.#resting.clear();
    this.#rested = rested;
    for (let index = 0; index < rested.length; index += 1) rested.at(index).isResting = false;
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

  /** Tells, now or by the next wait, of a wake: with the bits of all that came until then. */
  tellWake(): void {
    const events = this.#events;
    if (events === undefined || events.isFull) {
      this.#isWakeDue = true;
      return;
    }
    this.#isWakeDue = false;
    events.push('wake').value = this.#takeWake();
    this.told += 1;
  }

  /** Tells, now or by the next wait, of a packet that was posted; in this order. */
  tellPost(type: number, value: number): void {
    const events = this.#events;
    if (events === undefined || events.isFull) {
      this.#posts.push({ type, value });
      return;
    }
    const event = events.push('post');
    event.type = type;
    event.value = value;
    this.told += 1;
  }

  /** Forgets everybody. */
  close(): void {
    this.#resting.clear();
    this.#rested.clear();
    this.#posts = [];
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
