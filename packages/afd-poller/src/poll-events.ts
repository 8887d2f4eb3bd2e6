import { type NTSTATUS, showValue } from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import { PollerError } from './errors.js';
import type { PreparedInterest } from './interest.js';
import { filterReady, Readiness } from './readiness.js';
import type { Registration } from './registration.js';

/** How many events fit into a list unless it is said otherwise. */
export const defaultCapacity = 64;
const largestCapacity = 65_536;

/** A registered socket is ready. */
export interface SocketEvent<Token = unknown> {
  readonly kind: 'socket';
  /** As given to `add`, or to the last `modify`. */
  readonly token: Token;
  readonly skt: Skt;
  /** What is ready: bits of {@link Readiness}, the sum of what follows. */
  readonly bits: number;
  /** Of `isConnectFailed` and `isRefused`: why, as NT says it. Otherwise 0. */
  readonly cause: NTSTATUS;
  /** Receive: there are data, or the end of the stream, or an error that the call returns. */
  readonly isReadable: boolean;
  /** Send: there is room, or an error that the call returns. */
  readonly isWritable: boolean;
  /** Accept until it would block: one event may stand for many connections. */
  readonly isAccept: boolean;
  /** The connect that was under way succeeded. */
  readonly isConnected: boolean;
  /** Nothing more comes: a FIN, a reset or a failed connect. Data before it may be unread. */
  readonly isReadClosed: boolean;
  /** An urgent byte can be received out of band. */
  readonly isPriority: boolean;
  /** The peer ended the connection with a reset: close the socket, whatever a receive returns. */
  readonly isReset: boolean;
  /** The connect failed; `cause` and `Skt.finishConnect` say why. */
  readonly isConnectFailed: boolean;
  /** The socket was closed here without being removed; it is removed now. */
  readonly isLocalClosed: boolean;
  /** NT refused to poll the socket; `cause` says why. It is polled again after `modify`. */
  readonly isRefused: boolean;
}

/** The poller was woken. */
export interface WakeEvent {
  readonly kind: 'wake';
  /** Of all wakes since the last one. */
  readonly value: number;
}

/** A packet that was posted. */
export interface PostEvent {
  readonly kind: 'post';
  readonly type: number;
  readonly value: number;
}

/** One event of a {@link PollEvents}. The object is overwritten by the next wait into that list. */
export type PollEvent<Token = unknown> = SocketEvent<Token> | WakeEvent | PostEvent;

/** One place of a list; made once. */
class EventRecord {
  kind: PollEvent['kind'] = 'wake';
  bits = 0;
  cause: NTSTATUS = 0;
  value = 0;
  type = 0;
  registration: Registration | undefined;
  /** What was ready, and the interest at that time; `bits` is what of it still counts. */
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

/** One iteration of a list. It is its own result, so that nothing is allocated per event. */
class Walk<Token> implements IterableIterator<PollEvent<Token>> {
  done = false;
  // What TypeScript wants of a result that is done or not.
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

  /** The iteration is over, also because the loop was left. */
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
 * The events of one wait. Made once and passed to every wait, which overwrites it: nothing is then
 * allocated per event.
 *
 * Iterating filters: an event whose registration was removed since the wait, or is not interested any
 * more, is skipped, also when that happens while iterating.
 */
export class PollEvents<Token = unknown> implements Iterable<PollEvent<Token>> {
  /** How many events fit; the others wait for the next wait. */
  readonly capacity: number;
  readonly #records: EventRecord[] = [];
  #length = 0;
  #isTimedOut = false;

  /** @param capacity 1 to 65,536. @throws {PollerError} `ERR_POLLER_ARGUMENT` */
  constructor(capacity: number = defaultCapacity) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > largestCapacity) {
      throw new PollerError(
        'ERR_POLLER_ARGUMENT',
        `A capacity is a whole number from 1 to ${largestCapacity}, got ${showValue(capacity)}.`,
      );
    }
    this.capacity = capacity;
  }

  /** How many events the last wait stored. Those that are skipped since count, too. */
  get length(): number {
    return this.#length;
  }

  /** True when the last wait ended because its time was over. */
  get isTimedOut(): boolean {
    return this.#isTimedOut;
  }

  /** The event at a place, 0 to `length - 1`; undefined where there is none any more. */
  at(index: number): PollEvent<Token> | undefined {
    const record = index < this.#length ? this.#records[index] : undefined;
    if (record === undefined) return undefined;
    const { registration, interest } = record;
    if (registration !== undefined) {
      // A local close is reported although, and because, the registration is over.
      const isOver = registration.state === 'removed';
      let bits = isOver ? record.ready & Readiness.localClosed : record.ready;
      if (registration.interest !== interest) bits = filterReady(bits, registration.interest.bits);
      if (bits === 0) return undefined;
      record.bits = bits;
    }
    return record as unknown as PollEvent<Token>;
  }

  [Symbol.iterator](): IterableIterator<PollEvent<Token>> {
    return new Walk(this);
  }

  /** @internal True when nothing more fits. */
  get isFull(): boolean {
    return this.#length === this.capacity;
  }

  /** @internal Forgets everything. */
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
