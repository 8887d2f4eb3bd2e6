import { type NTSTATUS, showValue } from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import { PollerError } from './errors.js';
import type { PreparedInterest } from './interest.js';
import { filterReady, Readiness } from './readiness.js';
import type { Registration } from './registration.js';

/** The default capacity of a list. */
export const defaultCapacity = 64;
const largestCapacity = 65_536;

/** A registered socket is ready. */
export interface SocketEvent<Token = unknown> {
  /** Distinguishes the three kinds of {@link PollEvent}. */
  readonly kind: 'socket';
  /** The token of `add`, or of the last `modify` that gave one. */
  readonly token: Token;
  /** The registered socket. */
  readonly skt: Skt;
  /** What is ready, as bits of {@link Readiness}: the properties below, in one number. */
  readonly bits: number;
  /** The NTSTATUS for `isConnectFailed` and `isRefused`; otherwise 0. */
  readonly cause: NTSTATUS;
  /** A receive will not block: it returns data, the end of the stream or an error. */
  readonly isReadable: boolean;
  /** A send will not block: there is room, or the send returns an error. */
  readonly isWritable: boolean;
  /**
   * A connection can be accepted. Accept until the call would block: one event may stand for many
   * connections.
   */
  readonly isAccept: boolean;
  /** The pending connect succeeded. */
  readonly isConnected: boolean;
  /**
   * The peer sends no more data: a FIN, a reset or a failed connect. Earlier data may still be
   * unread.
   */
  readonly isReadClosed: boolean;
  /** An urgent byte can be received out of band. */
  readonly isPriority: boolean;
  /** The peer reset the connection. Close the socket, whatever a receive returns. */
  readonly isReset: boolean;
  /** The connect failed; `cause` and `Skt.finishConnect` say why. */
  readonly isConnectFailed: boolean;
  /** This process closed the socket without removing it first. The poller has removed it now. */
  readonly isLocalClosed: boolean;
  /** NT refused to poll the socket; `cause` says why. After `modify` the poller polls it again. */
  readonly isRefused: boolean;
}

/** The poller was woken. */
export interface WakeEvent {
  /** Distinguishes the three kinds of {@link PollEvent}. */
  readonly kind: 'wake';
  /** The bits of all wakes since the last wake event. */
  readonly value: number;
}

/** A packet that was posted. */
export interface PostEvent {
  /** Distinguishes the three kinds of {@link PollEvent}. */
  readonly kind: 'post';
  /** The first argument of `post`, 0 to 2^32 - 1. */
  readonly type: number;
  /** The second argument of `post`, 0 to 2^53 - 1. */
  readonly value: number;
}

/** One event of a {@link PollEvents}. The next wait into that list overwrites the object. */
export type PollEvent<Token = unknown> = SocketEvent<Token> | WakeEvent | PostEvent;

/** One slot of a list. Later waits reuse it. */
class EventRecord {
  kind: PollEvent['kind'] = 'wake';
  bits = 0;
  cause: NTSTATUS = 0;
  value = 0;
  type = 0;
  registration: Registration | undefined;
  /**
   * What was ready, and the interest at that time. `bits` has what of it the current interest
   * still includes.
   */
  ready = 0;
  interest: PreparedInterest | undefined;

  get token(): unknown {
    return this.registration?.token;
  }

  get skt(): Skt | undefined {
    return this.registration?.skt;
  }

  get isReadable(): boolean {
    return (this.bits & Readiness.readable) !== 0;
  }

  get isWritable(): boolean {
    return (this.bits & Readiness.writable) !== 0;
  }

  get isAccept(): boolean {
    return (this.bits & Readiness.accept) !== 0;
  }

  get isConnected(): boolean {
    return (this.bits & Readiness.connected) !== 0;
  }

  get isReadClosed(): boolean {
    return (this.bits & Readiness.readClosed) !== 0;
  }

  get isPriority(): boolean {
    return (this.bits & Readiness.priority) !== 0;
  }

  get isReset(): boolean {
    return (this.bits & Readiness.reset) !== 0;
  }

  get isConnectFailed(): boolean {
    return (this.bits & Readiness.connectFailed) !== 0;
  }

  get isLocalClosed(): boolean {
    return (this.bits & Readiness.localClosed) !== 0;
  }

  get isRefused(): boolean {
    return (this.bits & Readiness.refused) !== 0;
  }
}

/**
 * An iterator over a list. It is also its own IteratorResult, so that an event costs no
 * allocation.
 */
class EventIterator<Token> implements IterableIterator<PollEvent<Token>> {
  done = false;
  // TypeScript requires a value of this type even when the iteration is done.
  value: PollEvent<Token> = undefined as unknown as PollEvent<Token>;
  readonly #events: PollEvents<Token>;
  #index = 0;

  constructor(events: PollEvents<Token>) {
    this.#events = events;
  }

  next(): IteratorResult<PollEvent<Token>> {
    while (!this.done && this.#index < this.#events.length) {
      const event = this.#events.at(this.#index);
      this.#index += 1;
      if (event === undefined) continue;
      this.value = event;
      return this;
    }
    return this.return();
  }

  /** Ends the iteration. JavaScript also calls it when a loop ends by break, return or throw. */
  return(): IteratorResult<PollEvent<Token>> {
    this.done = true;
    this.value = undefined as unknown as PollEvent<Token>;
    return this;
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/**
 * The events of one wait. Create a list once and pass it to every wait, which overwrites it: an
 * event then costs no allocation.
 *
 * An iteration skips every event whose registration was removed after the wait, or whose interest
 * no longer includes it. This also holds for changes during the iteration.
 */
export class PollEvents<Token = unknown> implements Iterable<PollEvent<Token>> {
  /** How many events fit. The next wait delivers the others. */
  readonly capacity: number;
  readonly #records: EventRecord[] = [];
  #length = 0;
  #isTimedOut = false;

  /** @param capacity 1 to 65,536. @throws {PollerError} `ERR_POLLER_ARGUMENT` */
  constructor(capacity: number = defaultCapacity) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > largestCapacity) {
      throw new PollerError(
        'ERR_POLLER_ARGUMENT',
        `The capacity of a PollEvents must be a whole number from 1 to ${largestCapacity}, ` +
          `got ${showValue(capacity)}.`,
      );
    }
    this.capacity = capacity;
  }

  /** How many events the last wait stored, including those that an iteration skips now. */
  get length(): number {
    return this.#length;
  }

  /** True if the last wait ended because its time was over. */
  get isTimedOut(): boolean {
    return this.#isTimedOut;
  }

  /** The event at an index from 0 to `length - 1`; undefined if an iteration would skip it. */
  at(index: number): PollEvent<Token> | undefined {
    const record = index < this.#length ? this.#records[index] : undefined;
    if (record === undefined) return undefined;
    const { registration, interest } = record;
    if (registration !== undefined) {
      // A local close removes the registration, so its event must outlive the removal.
      const isOver = registration.state === 'removed';
      let bits = isOver ? record.ready & Readiness.localClosed : record.ready;
      if (registration.interest !== interest) bits = filterReady(bits, registration.interest.bits);
      if (bits === 0) return undefined;
      record.bits = bits;
    }
    return record as unknown as PollEvent<Token>;
  }

  /** Iterates over the events of the last wait. Only the iterator itself is allocated. */
  [Symbol.iterator](): IterableIterator<PollEvent<Token>> {
    return new EventIterator(this);
  }

  /** @internal True when no other event fits. */
  get isFull(): boolean {
    return this.#length === this.capacity;
  }

  /** @internal Removes all events. */
  clear(): void {
    for (let index = 0; index < this.#length; index += 1) {
      (this.#records[index] as EventRecord).registration = undefined;
    }
    this.#length = 0;
    this.#isTimedOut = false;
  }

  /** @internal */
  timeOut(): void {
    this.#isTimedOut = true;
  }

  /** @internal */
  addSocket(registration: Registration, ready: number, cause: NTSTATUS): void {
    const record = this.#next('socket', 0, 0);
    record.registration = registration;
    record.interest = registration.interest;
    record.ready = ready;
    record.cause = cause;
  }

  /** @internal */
  addWake(bits: number): void {
    this.#next('wake', 0, bits);
  }

  /** @internal */
  addPost(type: number, value: number): void {
    this.#next('post', type, value);
  }

  #next(kind: PollEvent['kind'], type: number, value: number): EventRecord {
    let record = this.#records[this.#length];
    if (record === undefined) {
      record = new EventRecord();
      this.#records.push(record);
    }
    this.#length += 1;
    record.kind = kind;
    record.bits = 0;
    record.type = type;
    record.value = value;
    return record;
  }
}
