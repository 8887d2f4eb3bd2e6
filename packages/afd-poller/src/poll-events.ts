import type { NTSTATUS } from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import { PollerError } from './errors.js';
import { is, stillWanted } from './readiness.js';
import type { Registration } from './registration.js';
import { show } from './show.js';

/** How many events fit into a list unless it is said otherwise. */
export const defaultCapacity = 64;
const largestCapacity = 65_536;

/** What an event is about: a registered socket, a wake, or a packet that was posted. */
export type EventKind = 'socket' | 'wake' | 'post';

/**
 * One event of a {@link PollEvents}. The object belongs to the list and is filled anew by the next
 * wait: read what you need before.
 */
export class PollEvent<Token = unknown> {
  kind: EventKind = 'socket';
  /** What is told, as bits: the sum of what the getters say. 0 unless `kind` is `socket`. */
  bits = 0;
  /** Of a failed connect: why, as NT says it. Otherwise 0. */
  cause: NTSTATUS = 0;
  /** Of a wake: the bits of all wakes since the last one. Of a post: its value. */
  value = 0;
  /** Of a post: its type. */
  type = 0;
  /** @internal */
  registration: Registration<Token> | undefined;
  /** @internal What was told when the packet came; `bits` is what of it still counts. */
  told = 0;
  /** @internal Of the interest at that time. */
  version = 0;

  /** The token given to `add` or to the last `modify`; undefined for a wake and a post. */
  get token(): Token | undefined {
    return this.registration?.token;
  }

  /** The socket; undefined for a wake and a post. */
  get skt(): Skt | undefined {
    return this.registration?.skt;
  }

  /** Receive: there are data, or the end of the stream, or an error to be told by the call. */
  get isReadable(): boolean {
    return (this.bits & is.readable) !== 0;
  }

  /** Send: there is room, or an error to be told by the call. */
  get isWritable(): boolean {
    return (this.bits & is.writable) !== 0;
  }

  /** Accept until it would block: one event may stand for many connections. */
  get isAccept(): boolean {
    return (this.bits & is.accept) !== 0;
  }

  /** The connect that was under way succeeded. */
  get isConnected(): boolean {
    return (this.bits & is.connected) !== 0;
  }

  /** Nothing more comes: a FIN, a reset or a failed connect. Data before it may be unread. */
  get isReadClosed(): boolean {
    return (this.bits & is.readClosed) !== 0;
  }

  /** The connection was ended hard (RST): close the socket, whatever a receive says. */
  get isReset(): boolean {
    return (this.bits & is.reset) !== 0;
  }

  /** The connect failed; `cause` and `Skt.finishConnect` say why. */
  get isConnectFailed(): boolean {
    return (this.bits & is.connectFailed) !== 0;
  }

  /** The socket was closed here without being removed; it is removed now. */
  get isLocalClosed(): boolean {
    return (this.bits & is.localClosed) !== 0;
  }

  /** An urgent byte can be received out of band. */
  get isPriority(): boolean {
    return (this.bits & is.priority) !== 0;
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
 * The events of one wait. Made once and handed to every wait, which overwrites it: nothing is then
 * allocated per event.
 *
 * To iterate is to be told: an event whose registration was removed since the wait, or is not
 * interested any more, is passed over, also when that happened while iterating.
 */
export class PollEvents<Token = unknown> implements Iterable<PollEvent<Token>> {
  /** How many events fit; the others wait for the next wait. */
  readonly capacity: number;
  /** True when the last wait ended because its time was over. */
  isTimedOut = false;
  readonly #events: PollEvent<Token>[] = [];
  #length = 0;

  /** @param capacity 1 to 65,536. @throws {PollerError} `ERR_POLLER_ARGUMENT` */
  constructor(capacity = defaultCapacity) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > largestCapacity) {
      throw new PollerError(
        'ERR_POLLER_ARGUMENT',
        `A capacity is a whole number from 1 to ${largestCapacity}, got ${show(capacity)}.`,
      );
    }
    this.capacity = capacity;
  }

  /** How many events the last wait stored. Those that are passed over since count, too. */
  get length(): number {
    return this.#length;
  }

  /** The event at a place, 0 to `length - 1`; undefined where there is none any more. */
  at(index: number): PollEvent<Token> | undefined {
    const event = index < this.#length ? this.#events[index] : undefined;
    if (event === undefined || event.kind !== 'socket') return event;
    const { registration } = event;
    if (registration === undefined) return undefined;
    // A local close is told although, and because, the registration is over.
    let bits = registration.isAlive ? event.told : event.told & is.localClosed;
    if (event.version !== registration.version) bits = stillWanted(bits, registration.want.bits);
    event.bits = bits;
    return bits === 0 ? undefined : event;
  }

  [Symbol.iterator](): IterableIterator<PollEvent<Token>> {
    return new Walk(this);
  }

  /** @internal For the poller: forgets everything. */
  clear(): void {
    for (let index = 0; index < this.#length; index += 1) {
      (this.#events[index] as PollEvent<Token>).registration = undefined;
    }
    this.#length = 0;
    this.isTimedOut = false;
  }

  /** @internal For the poller: true when nothing more fits. */
  get isFull(): boolean {
    return this.#length === this.capacity;
  }

  /** @internal For the poller: the next event, to be filled in. */
  push(kind: EventKind): PollEvent<Token> {
    let event = this.#events[this.#length];
    if (event === undefined) {
      event = new PollEvent<Token>();
      this.#events.push(event);
    }
    this.#length += 1;
    event.kind = kind;
    event.registration = undefined;
    event.bits = 0;
    event.told = 0;
    event.cause = 0;
    event.value = 0;
    event.type = 0;
    return event;
  }
}
