import type { RemoteData } from 'afd-poller';
import { isRealKernel } from 'ntdllx';
import { nameHandle } from 'ntdllx/trace';
import type { Endpoint, ListenerSkt } from 'tofu-sockets';
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
import { listenOn } from './listen.js';
import { type ListenOptions, readListenOptions } from './listen-options.js';
import { Members } from './members.js';
import { type ChosenMode, chooseMode } from './mode.js';
import { type ReactorMode, type ReactorOptions, readOptions } from './options.js';
import type { Pump } from './pump.js';
import { Server } from './server.js';
import type { TurnCounts, TurnEngine } from './turn-engine.js';

/** What {@link Reactor.inspect} returns. */
export interface ReactorState extends Readonly<TurnCounts> {
  /** The name from the options. */
  readonly name: string;
  /** The mode that was chosen. */
  readonly mode: ReactorMode;
  /** Why the reactor has this mode. */
  readonly reason: string;
  /** False once the reactor is being closed. */
  readonly isOpen: boolean;
  /** Servers that listen. */
  readonly servers: number;
  /** Connections that are open or being opened. */
  readonly connections: number;
  /** UDP sockets. */
  readonly datagramSockets: number;
  /** How many of these servers, connections and sockets keep the process alive. */
  readonly refs: number;
  /** Bytes of all connections that are not sent yet. */
  readonly bufferedBytes: number;
  /** True while the servers do not accept because a limit is reached. */
  readonly isFull: boolean;
}

/** A packet that another thread posted by `PollerRemote.post` of afd-poller. */
export interface Posted {
  /** 0 to 2^32 - 1. */
  readonly type: number;
  /** 0 to 2^53 - 1. */
  readonly value: number;
}

/**
 * Returns the interface of a reactor for its members; for this package only.
 *
 * @throws {ReactorError} `ERR_REACTOR_CLOSED`, naming the call.
 */
export let hostOf: (reactor: Reactor, call: string) => Host;

/** How long {@link Reactor.close} lets connections send their unsent bytes. */
const closeLimitMs = 2_000;

/**
 * Creates a server on a socket that listens already, such as a second handle of another server's
 * socket; for this package's tests. The server owns the socket.
 */
export let adoptListener: (
  reactor: Reactor,
  skt: ListenerSkt,
  onConnection: (connection: Connection) => unknown,
) => Server;

/**
 * Servers and connections over TCP and AF_UNIX on one completion port. In the modes `loop` and
 * `thread` a reactor runs in Node's event loop, in the mode `blocking` in {@link run}. All
 * callbacks run on the thread that created it.
 *
 * A reactor keeps the process alive while it has a server or a connection that is not unref-ed.
 *
 * @example
 * ```ts
 * import { Reactor, wouldBlock } from 'tofu-reactor';
 *
 * await using reactor = new Reactor();
 * const buffer = Buffer.alloc(65_536);
 * const server = await reactor.listen({ port: 0 }, (connection) => {
 *   connection.onReadable = () => {
 *     const count = connection.readInto(buffer);
 *     if (count !== wouldBlock && count > 0) connection.write(buffer.subarray(0, count));
 *   };
 * });
 * console.log('Listening on', server.endpoint);
 * await reactor.run();
 * ```
 */
export class Reactor implements AsyncDisposable {
  readonly #name: string;
  readonly #chosen: ChosenMode;
  readonly #engine: TurnEngine;
  readonly #pump: Pump;
  readonly #members: Members;
  #onPost: Callback<Posted> | undefined;
  #closed: Promise<void> | undefined;

  static {
    adoptListener = (reactor, skt, onConnection) => {
      const { connection, maxConnections } = readListenOptions({});
      const handler = callbackOf('listen', onConnection);
      return new Server(reactor.#host('listen'), skt, connection, maxConnections, handler);
    };
    hostOf = (reactor, call) => reactor.#host(call);
  }

  /**
   * Creates the port. A reactor that is not closed leaks it.
   *
   * @throws {ReactorError} `ERR_REACTOR_ARGUMENT`; `ERR_REACTOR_MODE` if this host or this thread
   *   does not support the mode. @throws {HostError} on a host without NT.
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
    // For traces of nt-trace.
    if (isRealKernel(kernel)) nameHandle(engine.poller.remoteData().port, name);
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

  /**
   * The mode in use: `loop`, `thread` or `blocking`. {@link inspect} returns the reason for it.
   */
  get mode(): ReactorMode {
    return this.#chosen.mode;
  }

  /** False once {@link close} was called. */
  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  /**
   * Creates a server that listens on an address.
   *
   * @param address the default host is 127.0.0.1; port 0 selects a free port.
   * @param onConnection is called with each connection. Without it, iterate over the server by
   *   `for await`.
   * @returns rejects with an error like Node's if the system refuses, such as `listen EADDRINUSE
   *   127.0.0.1:80`, and with a {@link ReactorError} or SktError for wrong arguments.
   */
  async listen(
    address: ReactorAddress,
    onConnection?: (connection: Connection) => unknown,
    options: ListenOptions = {},
  ): Promise<Server> {
    this.#host('listen');
    const handler = callbackOf('listen', onConnection);
    const checked = readListenOptions(options);
    const at = await listenAddress(address);
    return listenOn(this.#host('listen'), at, checked, handler);
  }

  /**
   * Connects. As in `node:net`, names are resolved, and several addresses are tried one after
   * another: each but the last for at most 250 ms.
   *
   * @param address the default host is localhost.
   * @returns rejects with an error like Node's, such as `connect ECONNREFUSED 127.0.0.1:80`. If
   *   several addresses failed, it is an AggregateError with the code of the first. After an abort
   *   it is the signal's reason.
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
   * Starts a connect and returns the connection at once. Bytes that are written before it is
   * connected are sent afterwards. If the connect fails, `onClose` gets the error.
   *
   * @param onConnect is called when it is connected.
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
   * Binds a UDP socket. The socket can still receive after it has sent to a port on which no
   * socket listens.
   *
   * @param address the default host is 127.0.0.1, and a host must be an IP address; port 0, the
   *   default, selects a free port.
   * @param onReadable see `DatagramSocket.onReadable`.
   * @throws an error like Node's if the system refuses, such as `bind EADDRINUSE 127.0.0.1:53`.
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
   * In the mode `blocking` it serves the connections, and blocks this thread while nothing is
   * ready, for at most `maxBlockMs` at a time. In the modes `loop` and `thread` it only waits.
   *
   * @returns resolves when no server and no connection keeps the process alive, and after {@link
   *   stop}.
   */
  run(): Promise<void> {
    this.#host('run');
    return this.#pump.run();
  }

  /** Ends {@link run}. Servers and connections stay open. */
  stop(): void {
    this.#pump.stop();
  }

  /**
   * Performs one turn of a reactor in `blocking` mode: waits until something is ready or the time
   * is over, and serves it. For programs that have their own loop. Promises continue only after
   * the program has returned to Node.
   *
   * @param timeoutMs in milliseconds; 0 never blocks.
   * @throws {ReactorError} `ERR_REACTOR_MODE` in the other modes; `ERR_REACTOR_REENTERED` from a
   *   callback.
   */
  turn(timeoutMs: number): void {
    this.#host('turn');
    if (this.mode !== 'blocking') {
      throw new ReactorError(
        'ERR_REACTOR_MODE',
        `turn is only for the mode 'blocking'; this reactor has the mode '${this.mode}', in which ` +
          "Node's event loop performs its turns.",
      );
    }
    if (this.#engine.isInTurn) {
      throw new ReactorError(
        'ERR_REACTOR_REENTERED',
        'turn was called from a callback of this reactor: call it after the callback has returned.',
      );
    }
    this.#engine.turn(timeoutMs);
  }

  /**
   * What another thread needs to create a `PollerRemote` of afd-poller, which posts to this
   * reactor. It may be sent to several threads. After the reactor is closed, the calls of a remote
   * return false. A posted packet does not keep the process alive.
   *
   * @throws {ReactorError} `ERR_REACTOR_CLOSED`
   */
  remoteData(): RemoteData {
    this.#host('remoteData');
    return this.#engine.poller.remoteData();
  }

  /**
   * Called with each packet that another thread posts. The packets of one thread keep their order.
   */
  get onPost(): ((posted: Posted) => unknown) | undefined {
    return this.#onPost?.run;
  }

  set onPost(run: ((posted: Posted) => unknown) | undefined) {
    this.#onPost = callbackOf('onPost', run);
    if (this.isOpen) this.#engine.requestTurn();
  }

  /** The reactor's current state and its counters. */
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
   * Stops listening, lets the connections send their unsent bytes for at most 2 s, closes them,
   * and releases all resources. Idempotent. Afterwards calls that need the reactor fail with
   * `ERR_REACTOR_CLOSED`. It may be called from any callback.
   *
   * @returns rejects with PollerError `ERR_POLLER_LEAK` if some requests do not complete in time;
   *   their memory then stays allocated.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Calls {@link close}, at the end of an `await using` declaration. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#publish('close');
    const done = this.#members.close(closeLimitMs);
    // In the mode `blocking` only turns close the connections. The turns start outside of the
    // reactor's callbacks, from which `close` may have been called.
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
    throw new ReactorError(
      'ERR_REACTOR_CLOSED',
      `${call}: this reactor is closed. Call close only after its last use.`,
    );
  }
}
