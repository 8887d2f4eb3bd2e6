import { Skt } from 'tofu-sockets';
import { tellSubscribers } from './channels.js';
import { PollerError } from './errors.js';
import { type Interest, readInterest } from './interest.js';
import type { LoopCounts } from './loop-counts.js';
import { type CheckedOptions, type PollerOptions, readOptions } from './options.js';
import type { BlockCounts } from './poll-blocks.js';
import { PollEvents } from './poll-events.js';
import { PollLoop } from './poll-loop.js';
import { duplicatePort, type RemoteData } from './poller-remote.js';
import type { Registration } from './registration.js';
import { requireTimeout } from './require-timeout.js';
import { show } from './show.js';
import { keys, requirePost, requireWakeBits } from './signals.js';
import type { WayName } from './way.js';

/** What a poller did, counted since it was made. */
export interface PollerCounts extends LoopCounts {
  /** Requests that were made, and those of them that NT was asked to end early. */
  requests: number;
  cancelled: number;
  /** With `group`: of these, those whose idle sockets are asked about together with others since. */
  gathered: number;
  /** Events told. */
  told: number;
}

/** What {@link AfdPoller.inspect} shows. */
export interface PollerState extends Readonly<PollerCounts> {
  readonly way: WayName;
  readonly isOpen: boolean;
  /** Sockets that are registered. */
  readonly registrations: number;
  /** Sockets that the kernel has a request about, of these and of those that were removed. */
  readonly pending: number;
  /** Blocks of native memory, by owner. */
  readonly blocks: BlockCounts;
  /** Handles to the socket driver. */
  readonly helpers: number;
}

/**
 * Readiness of sockets on Windows: register, wait, get events. Owns one completion port, the memory
 * that the kernel writes to, and nothing else; the sockets stay their owner's.
 *
 * One thread. Changes of interest reach NT at the next wait, so that many of them cost one request.
 * Other threads reach it through {@link remoteData}.
 */
export class AfdPoller<Token = unknown> {
  readonly #options: CheckedOptions;
  readonly #loop: PollLoop<Token>;
  #defaultEvents: PollEvents<Token> | undefined;
  #isOpen = true;

  /**
   * Makes the port. Close the poller, or both leak.
   *
   * @throws {PollerError} for a wrong option. @throws {NtStatusError} when NT has no port left.
   */
  constructor(options: PollerOptions = {}) {
    this.#options = readOptions(options);
    this.#loop = new PollLoop(this.#options);
  }

  /**
   * Registers a socket. What it is ready for already is told by the next wait.
   *
   * @param token comes back with each of its events.
   * @returns an id, for {@link PollerRemote.modify}; never given twice.
   * @throws {PollerError} `ERR_ALREADY_REGISTERED`; `ERR_OTHER_PORT` with the way `self`, for a socket
   *   that another poller has or had. @throws {SktError} for a closed socket. @throws {NtStatusError}
   *   when NT refuses.
   */
  add(skt: Skt, interest: Interest, token?: Token): number {
    AfdPoller.#requireOpen(this);
    this.#requireSkt(skt);
    const want = readInterest(interest);
    if (this.#loop.find(skt) === undefined) return this.#loop.add(skt, want, token as Token);
    throw new PollerError('ERR_ALREADY_REGISTERED', 'This socket is registered here: use modify.');
  }

  /**
   * Changes what a socket is told of, and its token where one is given. Renews one-shot and edge,
   * and registrations that were told of a reset or a failed connect.
   *
   * @throws {PollerError} `ERR_NOT_REGISTERED`
   */
  modify(skt: Skt, interest: Interest, ...token: [token?: Token]): void {
    AfdPoller.#requireOpen(this);
    const registration = this.#require(skt);
    const want = readInterest(interest);
    if (token.length > 0) registration.token = token[0] as Token;
    this.#loop.change(registration, want);
  }

  /**
   * Forgets a socket. When this returns no event of it is ever told, also none that the last wait
   * has found already. The socket may then be closed, or registered again.
   *
   * @throws {PollerError} `ERR_NOT_REGISTERED`, also for a socket that was closed.
   */
  remove(skt: Skt): void {
    AfdPoller.#requireOpen(this);
    this.#loop.remove(this.#require(skt));
    tellSubscribers();
  }

  /** True if the socket is registered here. */
  has(skt: Skt): boolean {
    return AfdPoller.#own(this).#loop.find(skt) !== undefined;
  }

  /**
   * Waits until something is to be told, or the time is over. Blocks this thread.
   *
   * @param timeoutMs 0 only looks; fractions are welcome, and no positive time becomes 0; `Infinity`
   *   waits until there is something.
   * @param events the list to fill; default: one of the poller's own.
   * @returns that list; empty when the time is over.
   * @throws {PollRefusedError} when NT refused to poll a socket and there is nothing else to tell; the
   *   others go on.
   * @throws {PollerError} `ERR_POLLER_MAIN_THREAD` for any time but 0 on Node's main thread, unless
   *   the poller was made with `allowMainThread`.
   */
  wait(timeoutMs: number, events?: PollEvents<Token>): PollEvents<Token> {
    AfdPoller.#requireOpen(this);
    requireTimeout(timeoutMs, this.#options.allowMainThread);
    const into = this.#requireEvents(events);
    if (this.#loop.isWaiting) {
      throw new PollerError('ERR_POLLER_REENTERED', 'This poller is inside a wait already.');
    }
    into.clear();
    try {
      this.#loop.wait(into, timeoutMs);
    } finally {
      tellSubscribers();
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
    const { flags, port } = this.#loop;
    flags.wake(requireWakeBits(bits), (...packet) => port.post(...packet));
  }

  /**
   * Posts a packet of one's own; each is one event of kind `post`, in order.
   *
   * @param type 0 to 2^32 - 1. @param value 0 to 2^53 - 1.
   */
  post(type: number, value = 0): void {
    AfdPoller.#requireOpen(this);
    requirePost(type, value);
    this.#loop.port.post(keys.post, 0, type, value);
  }

  /**
   * What another thread needs to make a {@link PollerRemote} of. Each call makes a handle, which is
   * the remote's to close: send it once.
   */
  remoteData(): RemoteData {
    AfdPoller.#requireOpen(this);
    const { port, flags } = this.#loop;
    const data = duplicatePort(this.#options.kernel, port.handle);
    return { port: Number(data), flags: flags.buffer };
  }

  /** What the poller holds and did; for tests and for people. */
  inspect(): PollerState {
    const {
      counts: blocks,
      name: way,
      pending,
      helpers,
      requests,
      cancelled,
      gathered,
    } = AfdPoller.#own(this).#loop.way;
    const { size: registrations, counts, told } = this.#loop;
    const asked = { requests, cancelled, gathered, ...counts };
    return { way, isOpen: this.#isOpen, registrations, pending, blocks, helpers, ...asked, told };
  }

  /**
   * Ends every request, takes its packet, then closes the port and gives the memory back. The
   * sockets stay open. Idempotent; every other call is refused afterwards.
   *
   * @throws {PollerError} `ERR_POLLER_LEAK` when the kernel does not let go of some blocks in time:
   *   these stay allocated for good, for it will write to them.
   */
  close(): void {
    if (!AfdPoller.#own(this).#isOpen) return;
    if (this.#loop.isWaiting) {
      throw new PollerError('ERR_POLLER_REENTERED', 'This poller is inside a wait.');
    }
    this.#isOpen = false;
    let held = 0;
    try {
      held = this.#loop.close();
    } finally {
      tellSubscribers();
    }
    if (held === 0) return;
    throw new PollerError(
      'ERR_POLLER_LEAK',
      `The kernel did not let go of ${held} requests in ${this.#options.closeLimitMs} ms; ` +
        'their memory stays allocated.',
    );
  }

  /** Checks the books: for tests. @throws {Error} naming the first lie. */
  verify(): void {
    if (AfdPoller.#own(this).#isOpen) this.#loop.verify();
  }

  /** A method may be called on anything, above all on what another thread made of a poller. */
  static #own<T>(self: AfdPoller<T>): AfdPoller<T> {
    if (typeof self === 'object' && self !== null && #loop in self) return self;
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      'This is no AfdPoller. One cannot be sent to another thread: send its remoteData.',
    );
  }

  static #requireOpen<T>(self: AfdPoller<T>): void {
    const poller = AfdPoller.#own(self);
    if (poller.#isOpen) return;
    throw new PollerError('ERR_POLLER_CLOSED', 'This poller is closed.');
  }

  #require(skt: Skt): Registration<Token> {
    this.#requireSkt(skt);
    const registration = this.#loop.find(skt);
    if (registration !== undefined) return registration;
    throw new PollerError('ERR_NOT_REGISTERED', 'This socket is not registered here: use add.');
  }

  #requireSkt(skt: Skt): void {
    if (!(skt instanceof Skt)) {
      throw new PollerError('ERR_POLLER_ARGUMENT', `A poller watches a Skt, got ${show(skt)}.`);
    }
    if (skt.isOn(this.#options.kernel)) return;
    throw new PollerError('ERR_POLLER_ARGUMENT', 'This socket is of another kernel.');
  }

  #requireEvents(events: PollEvents<Token> | undefined): PollEvents<Token> {
    if (events === undefined) {
      this.#defaultEvents ??= new PollEvents<Token>();
      return this.#defaultEvents;
    }
    if (events instanceof PollEvents) return events;
    throw new PollerError('ERR_POLLER_ARGUMENT', `Events go into PollEvents, got ${show(events)}.`);
  }
}
