import type { RemoteData } from 'afd-poller';
import type { Endpoint } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { listenAddress, type ReactorAddress } from './addresses.js';
import { BufferedBytes } from './buffered-bytes.js';
import { type Callback, callbackOf } from './callback.js';
import { type ConnectOptions, readConnectOptions } from './connect-options.js';
import type { Connection } from './connection.js';
import { createPump } from './create-pump.js';
import { DatagramSocket, udpAddress } from './datagram-socket.js';
import { diagnosticsChannels } from './diagnostics.js';
import { dial } from './dial.js';
import { ReactorError } from './errors.js';
import type { Host } from './host.js';
import { type ListenOptions, readListenOptions } from './listen-options.js';
import { Members } from './members.js';
import { type ChosenMode, chooseMode } from './mode.js';
import { nodeError } from './node-errors.js';
import { type ReactorMode, type ReactorOptions, readOptions } from './options.js';
import type { Pump } from './pump.js';
import { Server } from './server.js';
import type { TurnCounts, TurnEngine } from './turn-engine.js';

/** What {@link Reactor.inspect} shows. */
export interface ReactorState extends Readonly<TurnCounts> {
  readonly name: string;
  readonly mode: ReactorMode;
  /** Why it has this mode. */
  readonly reason: string;
  readonly isOpen: boolean;
  readonly servers: number;
  readonly connections: number;
  /** UDP sockets. */
  readonly datagramSockets: number;
  /** How many of all these hold the process open. */
  readonly refs: number;
  /** Bytes that wait to be sent. */
  readonly bufferedBytes: number;
  /** True while servers do not accept: a limit is reached. */
  readonly isFull: boolean;
}

/** A packet that another thread posted: what `PollerRemote.post` of afd-poller was given. */
export interface Posted {
  /** 0 to 2^32 - 1. */
  readonly type: number;
  /** 0 to 2^53 - 1. */
  readonly value: number;
}

/** How long {@link Reactor.close} lets connections send what waits. */
const closeLimitMs = 2_000;

/**
 * Servers and connections over TCP and AF_UNIX on one completion port. In `loop` and `thread` mode it
 * lives in Node's event loop; in `blocking` mode in {@link run}. Callbacks have one thread.
 *
 * It holds the process open while it has servers or connections that are not unref-ed.
 */
export class Reactor implements AsyncDisposable {
  readonly #name: string;
  readonly #chosen: ChosenMode;
  readonly #engine: TurnEngine;
  readonly #pump: Pump;
  readonly #members: Members;
  #onPost: Callback<Posted> | undefined;
  #closed: Promise<void> | undefined;

  /**
   * Makes the port; close the reactor, or it leaks.
   *
   * @throws {ReactorError} `ERR_REACTOR_ARGUMENT`; `ERR_REACTOR_MODE` where this host, or this thread,
   *   does not have that mode. @throws {HostError} where there is no NT.
   */
  constructor(options: ReactorOptions = {}) {
    const checked = readOptions(options);
    const { kernel, name, maxBufferedBytes, maxConnections } = checked;
    this.#name = name;
    this.#chosen = chooseMode(checked);
    const { mode } = this.#chosen;
    const { engine, pump } = createPump(mode, checked);
    this.#engine = engine;
    this.#pump = pump;
    this.#engine.onPost = (type, value) => this.#onPost?.call({ type, value });
    const buffered = new BufferedBytes(checked.maxBufferedBytesInAll);
    this.#members = new Members({
      kernel,
      name,
      engine,
      buffered,
      maxBufferedBytes,
      maxConnections,
      pump,
    });
    this.#publish('open');
  }

  /** `loop`, `thread` or `blocking`; why, {@link inspect} says. */
  get mode(): ReactorMode {
    return this.#chosen.mode;
  }

  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  /**
   * Listens.
   *
   * @param address 127.0.0.1 unless it names a host; port 0 for a free one.
   * @param onConnection is called with each connection; without it `for await` has them.
   * @returns rejects with Node's words where the system refuses: `listen EADDRINUSE 127.0.0.1:80`; with
   *   {@link ReactorError} and SktError for wrong arguments.
   */
  async listen(
    address: ReactorAddress,
    onConnection?: (connection: Connection) => unknown,
    options: ListenOptions = {},
  ): Promise<Server> {
    const host = this.#host('listen');
    const handler = callbackOf('listen', onConnection);
    const { backlog, maxConnections, ipv6Only, connection } = readListenOptions(options);
    const at = await listenAddress(address);
    this.#host('listen');
    const isAny = 'host' in at && at.host === '::';
    const created = {
      ...(backlog === undefined ? {} : { backlog }),
      ...(isAny ? { options: { v6Only: ipv6Only } } : {}),
    };
    try {
      const skt = createSocketCreator(host.kernel).fromAddress(at, created);
      // What it accepts inherits that: by documentation, measured under Wine, on Windows unverified.
      if ('port' in at && connection.noDelay) skt.setOption('noDelay', true);
      return new Server(host, skt, connection, maxConnections, handler);
    } catch (error) {
      throw nodeError('listen', error, at);
    }
  }

  /**
   * Connects. Names are resolved, and several addresses tried in turn, each for 250 ms but the last, as
   * `node:net` does.
   *
   * @param address localhost unless it names a host.
   * @returns rejects with Node's words: `connect ECONNREFUSED 127.0.0.1:80`; where several addresses
   *   failed with an AggregateError that has the code of the first; with the signal's reason.
   */
  connect(address: ReactorAddress, options: ConnectOptions = {}): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const connected = () => resolve(connection);
      const host = this.#host('connect');
      const connection: Connection = dial(host, address, readConnectOptions(options), {
        connected,
        failed: reject,
      });
    });
  }

  /**
   * Begins a connection and returns it at once: what is written to it is sent when it is connected. Where
   * the connect fails, `onClose` has the error.
   *
   * @param onConnect is called once it is connected.
   * @throws {ReactorError} and SktError for wrong arguments.
   */
  open(
    address: ReactorAddress,
    onConnect?: (connection: Connection) => unknown,
    options: ConnectOptions = {},
  ): Connection {
    const host = this.#host('open');
    const callback = callbackOf('open', onConnect);
    const connection: Connection = dial(host, address, readConnectOptions(options), {
      connected: () => callback?.call(connection),
      failed: () => {},
    });
    return connection;
  }

  /**
   * Binds a UDP socket. One that sends to a port where nobody listens goes on receiving.
   *
   * @param address 127.0.0.1 unless it names a host, which is an address; port 0, the default, for a
   *   free one.
   * @param onReadable see `DatagramSocket.onReadable`.
   * @throws in Node's words where the system refuses: `bind EADDRINUSE 127.0.0.1:53`.
   * @throws {ReactorError} and SktError for wrong arguments.
   */
  bind(
    address: Partial<Endpoint>,
    onReadable?: (socket: DatagramSocket) => unknown,
  ): DatagramSocket {
    const host = this.#host('bind');
    const callback = callbackOf('bind', onReadable);
    return new DatagramSocket(host, udpAddress(address), callback);
  }

  /**
   * `blocking`: serves, and blocks this thread while nothing is ready, at most `maxBlockMs` at a time.
   * `loop` and `thread`: only waits.
   *
   * @returns resolves when no server and no connection holds the process open, and after {@link stop}.
   */
  run(): Promise<void> {
    this.#host('run');
    return this.#pump.run();
  }

  /** Ends {@link run}; everything stays open. */
  stop(): void {
    this.#pump.stop();
  }

  /**
   * One turn of a reactor in `blocking` mode: waits until something is ready, or the time is over, and
   * serves. For programs with a loop of their own. Promises go on once the program returns to Node.
   *
   * @param timeoutMs 0 only looks.
   * @throws {ReactorError} `ERR_REACTOR_MODE` in the other modes; `ERR_REACTOR_REENTERED` from a callback.
   */
  turn(timeoutMs: number): void {
    this.#host('turn');
    if (this.mode !== 'blocking') {
      throw new ReactorError('ERR_REACTOR_MODE', "Node's event loop turns this reactor.");
    }
    if (this.#engine.isInTurn) {
      throw new ReactorError('ERR_REACTOR_REENTERED', 'This reactor is in a turn already.');
    }
    this.#engine.turn(timeoutMs);
  }

  /**
   * What another thread makes a `PollerRemote` of afd-poller of, to post to this reactor; it may be sent
   * to many. A remote that is late finds the reactor closed. A packet does not hold the process open.
   *
   * @throws {ReactorError} `ERR_REACTOR_CLOSED`
   */
  remoteData(): RemoteData {
    this.#host('remoteData');
    return this.#engine.poller.remoteData();
  }

  /** Called with each packet that another thread posts, in the order of each thread's. */
  get onPost(): ((posted: Posted) => unknown) | undefined {
    return this.#onPost?.run;
  }

  set onPost(run: ((posted: Posted) => unknown) | undefined) {
    this.#onPost = callbackOf('onPost', run);
    if (this.isOpen) this.#engine.requestTurn();
  }

  /** What the reactor holds and did. */
  inspect(): ReactorState {
    const { mode, reason } = this.#chosen;
    const { servers, connections, datagramSockets, refs, isFull, buffered } = this.#members;
    return {
      name: this.#name,
      mode,
      reason,
      isOpen: this.isOpen,
      servers,
      connections,
      datagramSockets,
      refs,
      bufferedBytes: buffered.bytes,
      isFull,
      ...this.#engine.counts,
    };
  }

  /**
   * Stops listening, lets connections send what waits, for 2 s at the most, closes them, and gives
   * everything back. Idempotent; every other call is refused afterwards. It may be called from any
   * callback.
   *
   * @returns rejects with PollerError `ERR_POLLER_LEAK` when the kernel keeps some memory.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#publish('close');
    const done = this.#members.close(closeLimitMs);
    // A reactor in mode blocking has to be turned; not from inside one of its callbacks.
    if (this.mode === 'blocking') process.nextTick(() => void this.#pump.run());
    await done;
    await this.#pump.close();
    this.#engine.close();
  }

  #publish(channel: 'open' | 'close'): void {
    if (!diagnosticsChannels[channel].hasSubscribers) return;
    const { port } = this.#engine.poller.remoteData();
    diagnosticsChannels[channel].publish({ reactor: this.#name, mode: this.mode, port });
  }

  #host(call: string): Host {
    if (this.isOpen) return this.#members;
    throw new ReactorError('ERR_REACTOR_CLOSED', `${call}: this reactor is closed.`);
  }
}
