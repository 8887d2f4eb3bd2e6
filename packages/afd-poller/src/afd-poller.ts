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

/** What {@link AfdPoller.inspect} shows. */
export interface PollerState extends Readonly<LoopCounts> {
  readonly isOpen: boolean;
  readonly socketsPerRequest: number;
  readonly handle: 'afd' | 'socket';
  /** Sockets that are registered. */
  readonly registrations: number;
  /** Sockets that the kernel has a request about, of these and of those that were removed. */
  readonly pending: number;
  /** Requests that were submitted, and those of them that NT was asked to end early. */
  readonly requests: number;
  readonly cancelled: number;
  /** Requests that were cancelled only to put their sockets together with others. */
  readonly coalesced: number;
  /** Blocks of native memory, by owner. */
  readonly blocks: BlockCounts;
  /** Handles of the socket driver that are open. */
  readonly afdHandles: number;
}

/** Compares the state of a poller with itself; for tests. @throws {Error} naming the first difference. */
export let verifyPoller: (poller: AfdPoller) => void;

/**
 * True if a wait of time 0 would submit or deliver something. Whoever waits for the port's handle in
 * another way than by `wait` goes on until this is false.
 */
export let hasWork: (poller: AfdPoller) => boolean;

/**
 * Readiness of sockets on Windows: register, wait, get events. Owns one completion port, the memory
 * that the kernel writes to, and nothing else; the sockets stay their owner's.
 *
 * One thread. Changes of interest reach NT at the next wait, so that many of them cost one request.
 * Other threads reach it through {@link remoteData}.
 */
export class AfdPoller<Token = unknown> {
  readonly #options: CheckedOptions;
  readonly #engine: PollEngine;
  #defaultEvents: PollEvents<Token> | undefined;
  #isOpen = true;

  /**
   * Makes the port. Close the poller, or both leak.
   *
   * @throws {PollerError} for a wrong option. @throws {NtStatusError} when NT has no port left.
   */
  constructor(options: PollerOptions = {}) {
    this.#options = readOptions(options);
    this.#engine = new PollEngine(this.#options);
  }

  /**
   * Registers a socket. What it is ready for already is reported by the next wait, or, where many sockets
   * are registered together, by one of the next waits: the first may return one of them alone.
   *
   * @param token comes back with each of its events.
   * @returns an id, for {@link PollerRemote}; never given twice.
   * @throws {PollerError} `ERR_ALREADY_REGISTERED`; `ERR_OTHER_PORT` with `handle: 'socket'`, for a socket
   *   that another poller has or had. @throws {SktError} for a closed socket. @throws {NtStatusError}
   *   when NT refuses.
   */
  add(skt: Skt, interest: Interest, token?: Token): number {
    AfdPoller.#requireOpen(this);
    this.#requireSkt(skt);
    const prepared = prepareInterest(interest);
    if (this.#engine.registry.find(skt) === undefined) {
      return this.#engine.add(skt, prepared, token);
    }
    throw new PollerError('ERR_ALREADY_REGISTERED', 'This socket is registered here: use modify.');
  }

  /**
   * Changes what a socket reports, and its token where one is given. Renews one-shot and edge, and
   * registrations that reported a reset, a failed connect or a refusal.
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
   * Forgets a socket. When this returns no event of it is ever delivered, also none that the last wait
   * has found already. The socket may then be closed, or registered again.
   *
   * @throws {PollerError} `ERR_NOT_REGISTERED`, also for a socket that was closed.
   */
  remove(skt: Skt): void {
    AfdPoller.#requireOpen(this);
    this.#engine.remove(this.#require(skt));
    this.#engine.log.publish();
  }

  /** True if the socket is registered here. */
  has(skt: Skt): boolean {
    return AfdPoller.#own(this).#engine.registry.find(skt) !== undefined;
  }

  /**
   * Waits until there is an event, or the time is over. Blocks this thread, but at least once a second
   * it runs JavaScript's own checks: a worker can be terminated and a process can exit meanwhile.
   *
   * @param timeoutMs 0 only looks; fractions are welcome, and no positive time becomes 0; `Infinity`
   *   waits until there is something.
   * @param events the list to fill; default: one of the poller's own.
   * @returns that list; empty when the time is over.
   * @throws {PollerError} `ERR_POLLER_MAIN_THREAD` for any time but 0 on Node's main thread, unless
   *   the poller was made with `allowMainThread`.
   */
  wait(timeoutMs: number, events?: PollEvents<Token>): PollEvents<Token> {
    AfdPoller.#requireOpen(this);
    requireTimeout(timeoutMs, this.#options.allowMainThread);
    const into = this.#requireEvents(events);
    if (this.#engine.isWaiting) {
      throw new PollerError('ERR_POLLER_REENTERED', 'This poller is inside a wait already.');
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
   * Makes the next wait return with an event of kind `wake`. Wakes before that are one event, whose
   * `value` has the bits of all of them.
   *
   * @param bits 0 to 2^32 - 1.
   */
  wake(bits = 0): void {
    AfdPoller.#requireOpen(this);
    this.#engine.wake(requireWakeBits(bits));
  }

  /**
   * Posts a packet of one's own; each is one event of kind `post`, in order.
   *
   * @param type 0 to 2^32 - 1. @param value 0 to 2^53 - 1.
   */
  post(type: number, value = 0): void {
    AfdPoller.#requireOpen(this);
    requirePost(type, value);
    this.#engine.post(type, value);
  }

  /** What another thread needs to make a {@link PollerRemote} of; it may be sent to many. */
  remoteData(): RemoteData {
    AfdPoller.#requireOpen(this);
    const { port, flags } = this.#engine;
    return { port: port.handle, flags: flags.buffer };
  }

  /** What the poller holds and did. */
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
   * Ends every request, removes its packet, then closes the port and gives the memory back. The
   * sockets stay open. Idempotent; every other call is refused afterwards.
   *
   * @throws {PollerError} `ERR_POLLER_LEAK` when the kernel does not let go of some blocks in time:
   *   these stay allocated for good, for it will write to them.
   */
  close(): void {
    if (!AfdPoller.#own(this).#isOpen) return;
    if (this.#engine.isWaiting) {
      throw new PollerError('ERR_POLLER_REENTERED', 'This poller is inside a wait.');
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
        ? `The kernel did not let go of ${left.blocks} requests in ${this.#options.closeLimitMs} ms; ` +
          'their memory stays allocated.'
        : 'A thread was ended while it was posting a packet; the port stays open.';
    throw new PollerError('ERR_POLLER_LEAK', what);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  static {
    hasWork = (poller) => poller.#engine.loop.hasWork;
    verifyPoller = (poller) => {
      if (AfdPoller.#own(poller).#isOpen) poller.#engine.loop.verify();
    };
  }

  /** A method may be called on anything, above all on what another thread made of a poller. */
  static #own<T>(self: AfdPoller<T>): AfdPoller<T> {
    if (typeof self === 'object' && self !== null && #engine in self) return self;
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      'This is not an AfdPoller. One cannot be sent to another thread: send its remoteData.',
    );
  }

  static #requireOpen<T>(self: AfdPoller<T>): void {
    const poller = AfdPoller.#own(self);
    if (poller.#isOpen) return;
    throw new PollerError('ERR_POLLER_CLOSED', 'This poller is closed.');
  }

  #require(skt: Skt): Registration {
    this.#requireSkt(skt);
    const registration = this.#engine.registry.find(skt);
    if (registration !== undefined) return registration;
    throw new PollerError('ERR_NOT_REGISTERED', 'This socket is not registered here: use add.');
  }

  #requireSkt(skt: Skt): void {
    requireSkt(skt, this.#options.kernel, 'A poller watches a Skt');
  }

  #requireEvents(events: PollEvents<Token> | undefined): PollEvents<Token> {
    if (events === undefined) {
      this.#defaultEvents ??= new PollEvents<Token>();
      return this.#defaultEvents;
    }
    if (events instanceof PollEvents) return events;
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      `Events go into PollEvents, got ${showValue(events)}.`,
    );
  }
}
