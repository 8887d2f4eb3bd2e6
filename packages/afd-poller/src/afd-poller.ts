import { showValue } from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import { PollerError } from './errors.js';
import { type Interest, prepareInterest } from './interest.js';
import type { LoopCounts } from './loop-parts.js';
import { type CheckedOptions, type PollerOptions, readOptions } from './options.js';
import { requirePost, requireWakeBits } from './packets.js';
import type { BlockCounts } from './poll-blocks.js';
import { PollEngine } from './poll-engine.js';
import { PollEvents } from './poll-events.js';
import type { RemoteData } from './poller-remote.js';
import type { Registration } from './registration.js';
import { requireSkt } from './require-skt.js';
import { requireTimeout } from './require-timeout.js';

/** What {@link AfdPoller.inspect} returns. */
export interface PollerState extends Readonly<LoopCounts> {
  /** False once `close` was called. */
  readonly isOpen: boolean;
  /** The option of this name, or its default. */
  readonly socketsPerRequest: number;
  /** The option of this name, or its default. */
  readonly handle: 'afd' | 'socket';
  /** Sockets that are registered. */
  readonly registrations: number;
  /** Sockets that the kernel has a request about: registered ones and removed ones. */
  readonly pending: number;
  /** Requests that the poller submitted. */
  readonly requests: number;
  /** How many of the submitted requests the poller asked NT to cancel. */
  readonly cancelled: number;
  /** Requests that the poller cancelled only to batch their sockets with others. */
  readonly coalesced: number;
  /** Blocks of native memory, by owner. */
  readonly blocks: BlockCounts;
  /** Handles of the socket driver that are open. */
  readonly afdHandles: number;
}

/**
 * Checks that the state of a poller is consistent; for tests.
 *
 * @throws {Error} naming the first inconsistency.
 */
export let verifyPoller: (poller: AfdPoller) => void;

/**
 * True if a wait with time-out 0 would submit or deliver something. A caller that waits for the
 * port's handle by another means than `wait` has to call `wait` until this is false.
 */
export let hasWork: (poller: AfdPoller) => boolean;

/**
 * Readiness of sockets on Windows: register sockets, wait, get events. A poller owns one
 * completion port and the memory that the kernel writes to, and nothing else; it never closes a
 * socket.
 *
 * A poller belongs to one thread; other threads reach it through {@link remoteData}. A change of
 * interest reaches NT at the next wait, so that many changes cost one request.
 *
 * @example
 * ```ts
 * import { AfdPoller, PollEvents } from 'afd-poller';
 * import { SocketCreator, TCPServerAddress, wouldBlock } from 'tofu-sockets';
 *
 * using poller = new AfdPoller<string>({ allowMainThread: true });
 * const listener = new SocketCreator().fromAddress(new TCPServerAddress('127.0.0.1', 0));
 * poller.add(listener, { accept: true }, 'the listener');
 * const events = new PollEvents<string>(64);
 * poller.wait(1_000, events);
 * for (const event of events) {
 *   if (event.kind !== 'socket') continue;
 *   console.log(event.token, 'is ready');
 *   if (event.isAccept) {
 *     const peer = listener.accept();
 *     if (peer !== wouldBlock) peer.close();
 *   }
 * }
 * listener.close();
 * ```
 */
export class AfdPoller<Token = unknown> {
  readonly #options: CheckedOptions;
  readonly #engine: PollEngine;
  #defaultEvents: PollEvents<Token> | undefined;
  #isOpen = true;

  /**
   * Creates the completion port. A poller that is not closed leaks its port.
   *
   * @throws {PollerError} for a wrong option. @throws {NtStatusError} when NT cannot create a
   *   port.
   */
  constructor(options: PollerOptions = {}) {
    this.#options = readOptions(options);
    this.#engine = new PollEngine(this.#options);
  }

  /**
   * Registers a socket. If the socket is ready already, the next wait reports it. If many ready
   * sockets are registered together, the next wait may report only one of them, and later waits
   * report the others.
   *
   * @param token is returned with each event of the socket.
   * @returns an id for {@link PollerRemote}; the poller never uses an id twice.
   * @throws {PollerError} `ERR_ALREADY_REGISTERED`; `ERR_OTHER_PORT` with `handle: 'socket'`, for
   *   a socket that another poller has or had. @throws {SktError} for a closed socket. @throws
   *   {NtStatusError} when NT refuses.
   */
  add(skt: Skt, interest: Interest, token?: Token): number {
    AfdPoller.#requireOpen(this);
    this.#requireSkt(skt);
    const prepared = prepareInterest(interest);
    if (this.#engine.registry.find(skt) === undefined) {
      return this.#engine.add(skt, prepared, token);
    }
    throw new PollerError(
      'ERR_ALREADY_REGISTERED',
      'This socket is already registered with this poller: use modify to change its interest.',
    );
  }

  /**
   * Changes the interest of a socket, and its token if one is given. Enables a spent one-shot
   * again, lets edge mode report everything again, and resumes polling after a reset, a failed
   * connect or a refused poll.
   *
   * @throws {PollerError} `ERR_NOT_REGISTERED`
   */
  modify(skt: Skt, interest: Interest, ...token: [token?: Token]): void {
    AfdPoller.#requireOpen(this);
    const registration = this.#require(skt);
    const prepared = prepareInterest(interest);
    if (token.length > 0) registration.setToken(token[0]);
    this.#engine.modify(registration, prepared);
  }

  /**
   * Removes a registration. After this call no event of the socket is delivered, not even one that
   * is already in the list of the last wait. The caller may then close the socket or register it
   * again.
   *
   * @throws {PollerError} `ERR_NOT_REGISTERED`, also for a socket that was closed.
   */
  remove(skt: Skt): void {
    AfdPoller.#requireOpen(this);
    this.#engine.remove(this.#require(skt));
    this.#engine.log.publish();
  }

  /** True if the socket is registered with this poller. */
  has(skt: Skt): boolean {
    return AfdPoller.#own(this).#engine.registry.find(skt) !== undefined;
  }

  /**
   * Waits until there is an event or the time is over. Blocks this thread. At least once a second
   * the thread returns to JavaScript for its interrupt checks, so that a worker can be terminated
   * and a process can exit during a wait.
   *
   * @param timeoutMs 0 never blocks. Fractions are allowed, and a positive time is never rounded
   *   down to 0. `Infinity` waits until there is an event.
   * @param events the list to fill; default: a list that the poller keeps.
   * @returns that list; empty when the time is over.
   * @throws {PollerError} `ERR_POLLER_MAIN_THREAD` for any time but 0 on Node's main thread,
   *   unless the poller was made with `allowMainThread`.
   */
  wait(timeoutMs: number, events?: PollEvents<Token>): PollEvents<Token> {
    AfdPoller.#requireOpen(this);
    requireTimeout(timeoutMs, this.#options.allowMainThread);
    const into = this.#requireEvents(events);
    if (this.#engine.isWaiting) {
      throw new PollerError(
        'ERR_POLLER_REENTERED',
        'wait was called during a wait of the same poller. Most likely the clock or the kernel ' +
          'that you passed to createPoller calls the poller: it must not.',
      );
    }
    into.clear();
    try {
      this.#engine.wait(into, timeoutMs);
    } finally {
      this.#engine.log.publish();
    }
    return into;
  }

  /**
   * Makes the next wait return with an event of kind `wake`. All wakes since the last wake event
   * become one event, whose `value` has the bits of all of them.
   *
   * @param bits 0 to 2^32 - 1.
   */
  wake(bits = 0): void {
    AfdPoller.#requireOpen(this);
    this.#engine.wake(requireWakeBits(bits));
  }

  /**
   * Posts a packet of the caller. Each packet becomes one event of kind `post`; they keep their
   * order.
   *
   * @param type 0 to 2^32 - 1. @param value 0 to 2^53 - 1.
   */
  post(type: number, value = 0): void {
    AfdPoller.#requireOpen(this);
    requirePost(type, value);
    this.#engine.post(type, value);
  }

  /**
   * What another thread needs to create a {@link PollerRemote}. It may be sent to several threads.
   */
  remoteData(): RemoteData {
    AfdPoller.#requireOpen(this);
    const { port, flags } = this.#engine;
    return { port: port.handle, flags: flags.buffer };
  }

  /** The poller's current state and its counters. */
  inspect(): PollerState {
    const { requests, registry, batches, handles, loop } = AfdPoller.#own(this).#engine;
    const { socketsPerRequest, handle } = this.#options;
    return {
      isOpen: this.#isOpen,
      socketsPerRequest,
      handle,
      registrations: registry.size,
      pending: requests.pending,
      requests: requests.submitted,
      cancelled: requests.cancelled,
      coalesced: batches.coalesced,
      blocks: requests.blocks,
      afdHandles: handles.open.length,
      ...loop.counts,
    };
  }

  /**
   * Cancels every request, removes its packet from the port, then closes the port and frees the
   * memory. The sockets stay open. Idempotent. Afterwards every call but `has`, `inspect` and
   * `close` throws `ERR_POLLER_CLOSED`.
   *
   * @throws {PollerError} `ERR_POLLER_LEAK` when some requests do not complete in time. Their
   *   blocks stay allocated for good, because the kernel may still write to them.
   */
  close(): void {
    if (!AfdPoller.#own(this).#isOpen) return;
    if (this.#engine.isWaiting) {
      throw new PollerError(
        'ERR_POLLER_REENTERED',
        'close was called during a wait of the same poller: close it after the wait has returned.',
      );
    }
    this.#isOpen = false;
    let left = { blocks: 0, isPortLeft: false };
    try {
      left = this.#engine.close();
    } finally {
      this.#engine.log.publish();
    }
    if (left.blocks === 0 && !left.isPortLeft) return;
    const what =
      left.blocks > 0
        ? `${left.blocks} of the poller's requests were still pending ${this.#options.closeLimitMs} ` +
          'ms after close cancelled them, so their memory stays allocated. Most likely the host is ' +
          'too busy: raise the option closeLimitMs.'
        : 'Another thread did not finish posting a packet, so the port stays open. Most likely the ' +
          'thread was terminated during its post: close the poller before you terminate the thread.';
    throw new PollerError('ERR_POLLER_LEAK', what);
  }

  /** Calls {@link close}, at the end of a `using` declaration. */
  [Symbol.dispose](): void {
    this.close();
  }

  static {
    hasWork = (poller) => poller.#engine.loop.hasWork;
    verifyPoller = (poller) => {
      if (AfdPoller.#own(poller).#isOpen) poller.#engine.loop.verify();
    };
  }

  /**
   * JavaScript can call a method on any object. Above all this happens with the copy of a poller
   * that was sent to another thread: the copy is a plain object without the private fields.
   */
  static #own<T>(self: AfdPoller<T>): AfdPoller<T> {
    if (typeof self === 'object' && self !== null && #engine in self) return self;
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      'This object is not an AfdPoller. If another thread sent it: send the result of its ' +
        'remoteData() instead, and create a PollerRemote from it.',
    );
  }

  static #requireOpen<T>(self: AfdPoller<T>): void {
    const poller = AfdPoller.#own(self);
    if (poller.#isOpen) return;
    throw new PollerError(
      'ERR_POLLER_CLOSED',
      'This poller is closed: call close only after its last use.',
    );
  }

  #require(skt: Skt): Registration {
    this.#requireSkt(skt);
    const registration = this.#engine.registry.find(skt);
    if (registration !== undefined) return registration;
    throw new PollerError(
      'ERR_NOT_REGISTERED',
      'This socket is not registered with this poller: it was never added, or it was removed or ' +
        'closed. Use add.',
    );
  }

  #requireSkt(skt: Skt): void {
    requireSkt(skt, this.#options.kernel, 'A poller takes a socket of tofu-sockets');
  }

  #requireEvents(events: PollEvents<Token> | undefined): PollEvents<Token> {
    if (events === undefined) {
      this.#defaultEvents ??= new PollEvents<Token>();
      return this.#defaultEvents;
    }
    if (events instanceof PollEvents) return events;
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      'The list of events must be a PollEvents, such as new PollEvents(64), or left out; ' +
        `got ${showValue(events)}.`,
    );
  }
}
