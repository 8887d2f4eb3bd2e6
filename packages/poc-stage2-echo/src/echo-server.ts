import { performance } from 'node:perf_hooks';
import {
  AFD_POLL_ABORT,
  AFD_POLL_ACCEPT,
  AFD_POLL_LOCAL_CLOSE,
  NtStatusError,
  Win32Error,
  WsaError,
} from 'ntdllx';
import { listenAt, runAll, type ServerAddress, StagePort } from 'poc-kit';
import {
  type AcceptedSkt,
  type Endpoint,
  type ListenerSkt,
  type SktEndpoint,
  SocketCreator,
  wouldBlock,
} from 'tofu-sockets';
import { alwaysMask, chunkBytes, EchoConnection, type Traffic } from './echo-connection.js';
import { SocketPoll } from './socket-poll.js';

/**
 * How many connections the server accepts per packet of the listener, before it serves the others.
 */
const acceptsPerTurn = 64;
/** How long the listener pauses when the system has no resources for a connection or its poll. */
const acceptPauseMs = 100;
/** How long closing waits for packets of polls that it cancelled. */
const drainLimitMs = 2_000;

/**
 * accept fails with WSAECONNRESET if a client has closed its connection before it was accepted.
 */
const closedBeforeAccept = 'WSAECONNRESET';

/** True for an error that the system returned. Any other error is a bug of this program. */
function isRefusal(error: unknown): error is WsaError | NtStatusError | Win32Error {
  return [WsaError, NtStatusError, Win32Error].some((kind) => error instanceof kind);
}

function rethrow(error: unknown): never {
  throw error;
}

/** Throws an error again unless the system returned it. */
function throwFault(error: unknown): void {
  if (!isRefusal(error)) throw error;
}

/** Counters of a server. Each connection that ends is counted in exactly one of the last three. */
export interface EchoCounts extends Traffic {
  /** Packets removed from the port. `stale` counts those that belong to no poll of the server. */
  packets: number;
  unknown: number;
  /** Polls submitted. */
  polls: number;
  accepted: number;
  /** Connections that the peer ended after all its bytes were echoed. */
  ended: number;
  /** Connections that a reset or another error ended. */
  broken: number;
  /** Connections that were open when the server was closed. */
  dropped: number;
}

/**
 * An echo server on one port. Each socket has at most one pending poll. After the I/O that a poll
 * reported, the server polls the socket again. The server has one thread, which calls {@link turn}
 * in a loop.
 */
export class EchoServer<E extends SktEndpoint = Endpoint> {
  /** The endpoint that it listens on. */
  readonly endpoint: E;
  readonly counts: EchoCounts = {
    packets: 0,
    unknown: 0,
    polls: 0,
    accepted: 0,
    ended: 0,
    broken: 0,
    dropped: 0,
    received: 0,
    sent: 0,
  };
  readonly #port: StagePort;
  readonly #listener: ListenerSkt<E>;
  readonly #listenerPoll: SocketPoll;
  /** The connections whose blocks are allocated, by ApcContext. */
  readonly #connections = new Map<number, EchoConnection>();
  /** The receive buffer of all connections; unused between two calls. */
  protected readonly buffer = new Uint8Array(chunkBytes);
  #acceptAgainMs: number | undefined;
  #isClosed = false;

  /** Starts listening. @throws {WsaError} when that fails; then nothing stays open. */
  constructor(address: ServerAddress<E>, creator = new SocketCreator()) {
    this.#listener = listenAt<E>(creator, address);
    const undo = [() => this.#listener.close()];
    try {
      this.endpoint = this.#listener.localEndpoint();
      const base = this.#listener.baseHandle();
      const poll = new SocketPoll(base);
      undo.push(() => poll.free());
      this.#listenerPoll = poll;
      const port = new StagePort();
      undo.push(() => port.close());
      this.#port = port;
      port.associate(base);
      this.#pollListener();
    } catch (error) {
      // A poll that NT refused is not pending, and no packet arrives for it.
      runAll([() => rethrow(error), ...undo]);
      throw error;
    }
  }

  /** How many connections are open. */
  get open(): number {
    return this.#connections.size;
  }

  /** How many polls are pending, which is also the number of blocks that the kernel owns. */
  get pendingPolls(): number {
    const polls = [this.#listenerPoll, ...[...this.#connections.values()].map(({ poll }) => poll)];
    return polls.filter(({ isPending }) => isPending).length;
  }

  /** How many received bytes of all connections are not sent back yet. */
  get unsentBytes(): number {
    return [...this.#connections.values()].reduce((sum, { unsentBytes }) => sum + unsentBytes, 0);
  }

  /**
   * Waits once for packets, and handles all of them. Blocks this thread during the wait.
   *
   * @returns how many packets arrived.
   * @throws the first error that the system did not return, after all packets are handled.
   */
  turn(timeoutMs: number): number {
    if (this.#isClosed) throw new Error('This server is closed: construct another one.');
    const contexts = this.#port.remove(this.#waitMs(timeoutMs));
    this.counts.packets += contexts.length;
    // All blocks are taken back before any packet is handled, so that an error of one connection
    // does not lose the blocks of the others.
    runAll(contexts.map((apcContext) => this.#takeBack(apcContext)));
    return contexts.length;
  }

  /**
   * Stops listening, cancels the pending polls and removes their packets; then closes every socket
   * and frees the blocks. Idempotent.
   *
   * @throws {Error} when a poll does not complete in time; its block then stays allocated. Also
   *   throws the error of a call that the system refused, after it has closed everything else.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const connections = [...this.#connections.values()];
    this.counts.dropped += connections.length;
    const polls = [this.#listenerPoll, ...connections.map(({ poll }) => poll)];
    // Every step runs, even if another one throws.
    runAll([
      ...polls.map((poll) => () => poll.cancel()),
      () => this.#drain(),
      () => this.#listener.close(),
      ...connections.map((each) => () => each.skt.close()),
      // Closing a socket also completes its poll, in case a cancel has failed.
      () => this.#drain(),
      () => this.#port.close(),
      () => this.#giveBack(polls),
    ]);
  }

  /** Handles a connection's packet: first the I/O, then the next poll. */
  protected serve(connection: EchoConnection): void {
    if (connection.echo(this.buffer)) this.arm(connection);
    else this.#end(connection, 'ended');
  }

  /** Submits the next poll of a connection. */
  protected arm(connection: EchoConnection): void {
    connection.poll.arm(connection.requestedEvents);
    this.counts.polls += 1;
  }

  /** Submits the next poll of the listener. */
  protected armListener(poll: SocketPoll): void {
    poll.arm(AFD_POLL_ACCEPT | alwaysMask);
  }

  #serve(connection: EchoConnection, events: number): void {
    // Under Wine 8 a receive returns 0 after a reset, as after a graceful end. So AFD's events
    // decide.
    if ((events & (AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE)) !== 0) {
      this.#end(connection, 'broken');
      return;
    }
    try {
      this.serve(connection);
    } catch (error) {
      this.#break(connection, error);
    }
  }

  #serveListener(events: number): void {
    // Other code closed the listener, and its handle value may be in use again. The connections
    // stay open.
    if ((events & AFD_POLL_LOCAL_CLOSE) !== 0) return;
    let mayContinue = false;
    try {
      mayContinue = (events & AFD_POLL_ACCEPT) === 0 || this.#acceptSome();
    } finally {
      // The listener must be polled again even after an error.
      if (mayContinue) this.#listenAgain();
      else this.#pauseListener();
    }
  }

  /**
   * @returns false if the system has no resources for another connection; polling again at once
   *   would then be a busy loop.
   */
  #acceptSome(): boolean {
    for (let count = 0; count < acceptsPerTurn; count += 1) {
      let skt: AcceptedSkt | typeof wouldBlock;
      try {
        skt = this.#listener.accept();
      } catch (error) {
        if (!(error instanceof WsaError)) throw error;
        if (error.wsaName === closedBeforeAccept) continue;
        return false;
      }
      if (skt === wouldBlock) return true;
      this.#welcome(skt);
    }
    return true;
  }

  #welcome(skt: AcceptedSkt): void {
    this.counts.accepted += 1;
    let connection: EchoConnection;
    try {
      connection = new EchoConnection(skt, this.counts);
    } catch (error) {
      this.counts.broken += 1;
      runAll([() => throwFault(error), () => skt.close()]);
      return;
    }
    this.#connections.set(connection.poll.apcContext, connection);
    try {
      this.#port.associate(skt.baseHandle());
      this.arm(connection);
    } catch (error) {
      this.#break(connection, error);
    }
  }

  /** A failed connection does not affect the others; an error of this program is still thrown. */
  #break(connection: EchoConnection, error: unknown): void {
    runAll([() => throwFault(error), () => this.#end(connection, 'broken')]);
  }

  /**
   * The packet was removed, so no poll is pending, and the block can be freed together with the
   * socket.
   */
  #end(connection: EchoConnection, how: 'ended' | 'broken'): void {
    // If closing it failed, the connection has been ended already.
    if (!this.#connections.delete(connection.poll.apcContext)) return;
    this.counts[how] += 1;
    runAll([() => connection.skt.close(), () => connection.poll.free()]);
  }

  /** Polls the listener for clients. */
  #pollListener(): void {
    this.armListener(this.#listenerPoll);
    this.#acceptAgainMs = undefined;
    this.counts.polls += 1;
  }

  /** Polls the listener for clients. If the system refuses, tries again after a pause. */
  #listenAgain(): void {
    this.#acceptAgainMs = undefined;
    if (!this.#listener.isOpen) return;
    this.#pauseListener();
    try {
      this.#pollListener();
    } catch (error) {
      throwFault(error);
    }
  }

  #pauseListener(): void {
    this.#acceptAgainMs = performance.now() + acceptPauseMs;
  }

  /**
   * The time for a wait: at most the requested one, and at most until the listener's pause ends.
   */
  #waitMs(timeoutMs: number): number {
    if (this.#pauseLeftMs <= 0) this.#listenAgain();
    return Math.min(timeoutMs, Math.max(this.#pauseLeftMs, 0));
  }

  /** How long the listener's pause still lasts; Infinity without a pause. */
  get #pauseLeftMs(): number {
    return (this.#acceptAgainMs ?? Number.POSITIVE_INFINITY) - performance.now();
  }

  /**
   * Takes back the block of a packet that was removed from the port.
   *
   * @returns the function that handles the packet.
   */
  #takeBack(apcContext: number): () => void {
    if (apcContext === this.#listenerPoll.apcContext) {
      const events = this.#listenerPoll.takeBack();
      return () => this.#serveListener(events);
    }
    const connection = this.#connections.get(apcContext);
    const events = connection?.poll.takeBack() ?? 0;
    return () => {
      if (connection === undefined) this.counts.unknown += 1;
      else this.#serve(connection, events);
    };
  }

  /** Frees the blocks that are ours. @throws {Error} if the kernel still owns one. */
  #giveBack(polls: readonly SocketPoll[]): void {
    this.#connections.clear();
    const held = polls.filter(({ isPending }) => isPending).length;
    for (const poll of polls) if (!poll.isPending) poll.free();
    if (held > 0) {
      throw new Error(`${held} polls did not complete in time, so their blocks stay allocated.`);
    }
  }

  #drain(): void {
    const endMs = performance.now() + drainLimitMs;
    while (this.pendingPolls > 0 && performance.now() < endMs) {
      for (const apcContext of this.#port.remove(10)) this.#takeBack(apcContext);
    }
  }
}
