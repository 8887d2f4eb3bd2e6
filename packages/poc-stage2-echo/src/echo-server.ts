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

/** Connections that one packet of the listener may bring in before the others have their turn. */
const acceptsPerTurn = 64;
/** How long the listener rests when the system has no room for a connection, or for its poll. */
const acceptPauseMs = 100;
/** How long closing waits for packets of polls that it cancelled. */
const drainLimitMs = 2_000;

/** WSAECONNRESET of accept: a client gave up while it waited. */
const goneWhileWaiting = 'WSAECONNRESET';

/** True for what a call to the system was refused with; anything else is a fault of this program. */
function isRefusal(error: unknown): error is WsaError | NtStatusError | Win32Error {
  return [WsaError, NtStatusError, Win32Error].some((kind) => error instanceof kind);
}

function rethrow(error: unknown): never {
  throw error;
}

/** Throws what is no refusal. */
function throwFault(error: unknown): void {
  if (!isRefusal(error)) throw error;
}

/** What a server did so far. Every connection ends in exactly one of the last three. */
export interface EchoCounts extends Traffic {
  /** Packets taken off the port, and those of them that belong to no poll of ours. */
  packets: number;
  unknown: number;
  /** Polls made. */
  polls: number;
  accepted: number;
  /** Connections that the peer ended, all of it echoed. */
  ended: number;
  /** Connections that a reset or another error ended. */
  broken: number;
  /** Connections that were open when the server was closed. */
  dropped: number;
}

/**
 * An echo server on one port: each socket has at most one poll pending, which is made again after
 * what it reported was done. One thread, one loop: {@link turn} after {@link turn}.
 */
export class EchoServer<E extends SktEndpoint = Endpoint> {
  /** Where it listens. */
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
  /** By ApcContext: the connections whose block exists. */
  readonly #connections = new Map<number, EchoConnection>();
  /** What is received passes through here; between two calls it holds nothing. */
  protected readonly buffer = new Uint8Array(chunkBytes);
  #acceptAgainMs: number | undefined;
  #isClosed = false;

  /** Listens. @throws {WsaError} when it cannot; nothing is left open then. */
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
      this.#askForClients();
    } catch (error) {
      // A refused poll is not pending: nothing to wait for.
      runAll([() => rethrow(error), ...undo]);
      throw error;
    }
  }

  /** How many connections are open. */
  get open(): number {
    return this.#connections.size;
  }

  /** How many polls are pending: the kernel holds as many blocks of ours. */
  get pendingPolls(): number {
    const polls = [this.#listenerPoll, ...[...this.#connections.values()].map(({ poll }) => poll)];
    return polls.filter(({ isPending }) => isPending).length;
  }

  /** How many bytes wait to be sent back, over all connections. */
  get unsentBytes(): number {
    return [...this.#connections.values()].reduce((sum, { unsentBytes }) => sum + unsentBytes, 0);
  }

  /**
   * Waits once for packets, and does what all of them ask for. Blocks this thread for the wait.
   *
   * @returns how many packets came.
   * @throws what was thrown first by something else than a refused call, when all of it is done.
   */
  turn(timeoutMs: number): number {
    if (this.#isClosed) throw new Error('This server is closed.');
    const contexts = this.#port.remove(this.#waitMs(timeoutMs));
    this.counts.packets += contexts.length;
    // All blocks are ours again before anything is done: a fault in one must not lose the others.
    runAll(contexts.map((apcContext) => this.#takeBack(apcContext)));
    return contexts.length;
  }

  /**
   * Stops listening, ends the pending polls and takes their packets; then closes every socket and
   * gives the blocks back. Idempotent.
   *
   * @throws {Error} when the kernel does not let go of a block: it then stays allocated. Also what a
   *   refused call threw; everything else is closed then all the same.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const connections = [...this.#connections.values()];
    this.counts.dropped += connections.length;
    const polls = [this.#listenerPoll, ...connections.map(({ poll }) => poll)];
    // Each step, whatever another one throws.
    runAll([
      ...polls.map((poll) => () => poll.cancel()),
      () => this.#drain(),
      () => this.#listener.close(),
      ...connections.map((each) => () => each.skt.close()),
      // Should a cancel have failed: a socket that closes ends its poll, too.
      () => this.#drain(),
      () => this.#port.close(),
      () => this.#giveBack(polls),
    ]);
  }

  /** What a connection's packet leads to: first the I/O, then the next poll. */
  protected serve(connection: EchoConnection): void {
    if (connection.echo(this.buffer)) this.arm(connection);
    else this.#end(connection, 'ended');
  }

  /** Makes the next poll of a connection. */
  protected arm(connection: EchoConnection): void {
    connection.poll.arm(connection.wantedEvents);
    this.counts.polls += 1;
  }

  /** Makes the next poll of the listener. */
  protected armListener(poll: SocketPoll): void {
    poll.arm(AFD_POLL_ACCEPT | alwaysMask);
  }

  #serve(connection: EchoConnection, events: number): void {
    // After a reset Wine 8 receives 0, as at an orderly end: what AFD says is what counts.
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
    // Other code closed it: its handle value may be in use again. The connections go on.
    if ((events & AFD_POLL_LOCAL_CLOSE) !== 0) return;
    let mayGoOn = false;
    try {
      mayGoOn = (events & AFD_POLL_ACCEPT) === 0 || this.#acceptSome();
    } finally {
      // Whatever happened in there, it must not go deaf.
      if (mayGoOn) this.#listenAgain();
      else this.#rest();
    }
  }

  /** @returns false when the system has no room for more: asking at once again would only spin. */
  #acceptSome(): boolean {
    for (let count = 0; count < acceptsPerTurn; count += 1) {
      let skt: AcceptedSkt | typeof wouldBlock;
      try {
        skt = this.#listener.accept();
      } catch (error) {
        if (!(error instanceof WsaError)) throw error;
        if (error.wsaName === goneWhileWaiting) continue;
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

  /** The packet was taken, so nothing is pending: the block can go together with the socket. */
  #end(connection: EchoConnection, how: 'ended' | 'broken'): void {
    // It has ended already when it was the close that failed.
    if (!this.#connections.delete(connection.poll.apcContext)) return;
    this.counts[how] += 1;
    runAll([() => connection.skt.close(), () => connection.poll.free()]);
  }

  /** Polls the listener for clients. */
  #askForClients(): void {
    this.armListener(this.#listenerPoll);
    this.#acceptAgainMs = undefined;
    this.counts.polls += 1;
  }

  /** The same; where it is refused, again after a rest. */
  #listenAgain(): void {
    this.#acceptAgainMs = undefined;
    if (!this.#listener.isOpen) return;
    this.#rest();
    try {
      this.#askForClients();
    } catch (error) {
      throwFault(error);
    }
  }

  #rest(): void {
    this.#acceptAgainMs = performance.now() + acceptPauseMs;
  }

  /** No longer than asked for, and not beyond the listener's rest. */
  #waitMs(timeoutMs: number): number {
    if (this.#restMs <= 0) this.#listenAgain();
    return Math.min(timeoutMs, Math.max(this.#restMs, 0));
  }

  /** How long the listener still rests; for ever, when it does not. */
  get #restMs(): number {
    return (this.#acceptAgainMs ?? Number.POSITIVE_INFINITY) - performance.now();
  }

  /** A packet was taken off the port: its block is ours. @returns what it asks for. */
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

  /** Frees what is ours. @throws {Error} when something is not. */
  #giveBack(polls: readonly SocketPoll[]): void {
    this.#connections.clear();
    const held = polls.filter(({ isPending }) => isPending).length;
    for (const poll of polls) if (!poll.isPending) poll.free();
    if (held > 0) throw new Error(`The kernel did not let go of ${held} blocks: they stay.`);
  }

  #drain(): void {
    const endMs = performance.now() + drainLimitMs;
    while (this.pendingPolls > 0 && performance.now() < endMs) {
      for (const apcContext of this.#port.remove(10)) this.#takeBack(apcContext);
    }
  }
}
