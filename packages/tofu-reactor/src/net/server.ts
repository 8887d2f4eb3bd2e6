import { lookup } from 'node:dns';
import { EventEmitter } from 'node:events';
import { getDefaultHighWaterMark } from 'node:stream';
import { promisify } from 'node:util';
import { TCPServerAddress, UDSServerAddress } from 'tofu-sockets';
import { udsPathStateOn } from 'tofu-sockets/on-kernel';
import type { ListenAddress } from '../addresses.js';
import { Callback } from '../callback.js';
import type { Connection } from '../connection.js';
import { listenOn } from '../listen.js';
import type { NodeError } from '../node-errors.js';
import { hostOf, type Reactor } from '../reactor.js';
import type { DroppedConnection, Server as ThinServer } from '../server.js';
import { isPath, normalizeArguments, requirePort, toNumber } from './arguments.js';
import { fixedError, listenError, wrongType, wrongValue } from './errors.js';
import { Socket, type SocketServer } from './socket.js';
import { nameOf, type SocketAddress } from './values.js';

/** Options of a server. Every option has a default: that of `node:net`, unless stated otherwise. */
export interface ServerOptions {
  /** Whether a socket may still write after its peer has ended. */
  readonly allowHalfOpen?: boolean;
  /** The sockets do not read until `resume`. */
  readonly pauseOnConnect?: boolean;
  /** TCP_NODELAY of the sockets; default true, unlike `node:net`. Ignored over AF_UNIX. */
  readonly noDelay?: boolean;
  /** SO_KEEPALIVE of the sockets; default false. Ignored over AF_UNIX. */
  readonly keepAlive?: boolean;
  /** The highWaterMark of both directions of the sockets, in bytes. */
  readonly highWaterMark?: number;
}

/** Where a server listens, and how. The same options as in `node:net`. */
export interface ListenTarget {
  /** 0, the default, selects a free port. */
  readonly port?: number | string;
  /** An IP address or a name. Default: all addresses, IPv6 and IPv4. */
  readonly host?: string;
  /** The path of an AF_UNIX file that does not exist yet, instead of a port. */
  readonly path?: string;
  /** The length of the system's backlog; default 511. */
  readonly backlog?: number;
  /** A server on `::` does not accept IPv4 connections; default false. */
  readonly ipv6Only?: boolean;
  /** Closes the server. */
  readonly signal?: AbortSignal;
}

/** The result of {@link Server.address}. */
export type ServerAddress = Required<SocketAddress> | string | null;

/**
 * A server whose connections are streams of Node: the counterpart of `net.Server` on a reactor,
 * with the same events in the same order: `listening`, `connection`, `drop`, `error`, `close`. It
 * is not an instance of `net.Server`.
 */
export class Server extends EventEmitter implements AsyncDisposable {
  /** See {@link ServerOptions.allowHalfOpen}. */
  readonly allowHalfOpen: boolean;
  /** See {@link ServerOptions.pauseOnConnect}. */
  readonly pauseOnConnect: boolean;
  /** See {@link ServerOptions.noDelay}. */
  readonly noDelay: boolean;
  /** See {@link ServerOptions.keepAlive}. */
  readonly keepAlive: boolean;
  /** In bytes; see {@link ServerOptions.highWaterMark}. */
  readonly highWaterMark: number;
  readonly #reactor: Reactor;
  readonly #ofSockets: SocketServer = { left: () => this.#left() };
  #thin: ThinServer | undefined;
  #maxConnections: number | undefined;
  #connections = 0;
  #isRef = true;
  /** Incremented by `listen` and `close`, so that a lookup detects that it is outdated. */
  #listens = 0;

  /**
   * @param onConnection is added as a listener of `connection`. It may be the only argument after
   *   the reactor.
   * @throws a TypeError like Node's.
   */
  constructor(
    reactor: Reactor,
    options?: ServerOptions | OnSocket | null,
    onConnection?: OnSocket,
  ) {
    super();
    if (typeof options !== 'object' && typeof options !== 'function' && options !== undefined) {
      throw wrongType('options', 'of type object', options);
    }
    const given = typeof options === 'function' ? {} : (options ?? {});
    const listener = typeof options === 'function' ? options : onConnection;
    if (typeof listener === 'function') this.on('connection', listener);
    const { highWaterMark = getDefaultHighWaterMark(false) } = given;
    if (typeof highWaterMark !== 'number') {
      throw wrongType('options.highWaterMark', 'of type number', highWaterMark);
    }
    this.allowHalfOpen = given.allowHalfOpen ?? false;
    this.pauseOnConnect = given.pauseOnConnect ?? false;
    this.noDelay = given.noDelay ?? true;
    this.keepAlive = given.keepAlive ?? false;
    this.highWaterMark = highWaterMark < 0 ? getDefaultHighWaterMark(false) : highWaterMark;
    this.#reactor = reactor;
  }

  /** True while it listens. */
  get listening(): boolean {
    return this.#thin !== undefined;
  }

  /**
   * The largest number of open connections; undefined, the initial value, for no limit. Further
   * connections are closed at once and emitted as `drop`.
   */
  get maxConnections(): number | undefined {
    return this.#maxConnections;
  }

  set maxConnections(count: number | undefined) {
    this.#maxConnections = count;
    if (this.#thin !== undefined) this.#thin.maxConnections = count ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Listens. Takes the arguments of `net.Server.listen`: `(options, callback)`,
   * `(port, host, backlog, callback)` and `(path, backlog, callback)`; each may be left out. If
   * the system refuses, it emits an `error` like Node's.
   *
   * @throws {ReactorError} `ERR_REACTOR_CLOSED`. @throws errors like Node's for wrong arguments.
   */
  listen(target: ListenTarget, onListening?: () => void): this;
  listen(port?: number | string, host?: string, backlog?: number, onListening?: () => void): this;
  listen(port?: number | string, host?: string, onListening?: () => void): this;
  listen(portOrPath?: number | string, backlog?: number, onListening?: () => void): this;
  listen(portOrPath?: number | string, onListening?: () => void): this;
  listen(onListening: () => void): this;
  listen(...args: readonly unknown[]): this {
    hostOf(this.#reactor, 'listen');
    if (this.#thin !== undefined) throw fixedError('ERR_SERVER_ALREADY_LISTEN');
    const { options, callback } = normalizeArguments<ListenTarget>(args);
    this.#listens += 1;
    const backlog = options.backlog || toNumber(args[1]) || toNumber(args[2]) || 511;
    const isAnyPort = args.length === 0 || typeof args[0] === 'function' || options.port === null;
    const port = isAnyPort || ('port' in options && options.port === undefined) ? 0 : options.port;
    if (callback !== undefined) this.once('listening', callback);
    this.#obey(options.signal);
    if (typeof port === 'number' || typeof port === 'string') {
      const number = requirePort(port, 'options.port');
      if (options.host) this.#lookUp(options.host, number, { ...options, backlog });
      else this.#listenOnAll(number, { ...options, backlog });
      return this;
    }
    if (!options.path || !isPath(options.path)) {
      throw wrongValue('options', options, 'must have the property "port" or "path"');
    }
    const { path } = options;
    this.#listen(() => new UDSServerAddress(path), { ...options, backlog });
    return this;
  }

  /** Its address and port, or its path; null while it does not listen. */
  address(): ServerAddress {
    const endpoint = this.#thin?.endpoint;
    if (endpoint === undefined) return null;
    if ('path' in endpoint) return endpoint.path;
    return nameOf(endpoint) as Required<SocketAddress>;
  }

  /** Calls back with the number of its open connections. */
  getConnections(callback: (error: Error | null, count: number) => void): this {
    process.nextTick(callback, null, this.#connections);
    return this;
  }

  /**
   * Stops listening. Emits `close` when the last connection is closed.
   *
   * @param callback is called then; with `ERR_SERVER_NOT_RUNNING` if it did not listen.
   */
  close(callback?: (error?: Error) => void): this {
    this.#listens += 1;
    if (typeof callback === 'function') {
      const error = this.#thin === undefined ? fixedError('ERR_SERVER_NOT_RUNNING') : undefined;
      this.once('close', () => (error === undefined ? callback() : callback(error)));
    }
    const thin = this.#thin;
    this.#thin = undefined;
    if (thin !== undefined) void thin.close();
    this.#emitCloseIfDrained();
    return this;
  }

  /** Closes the server, at the end of an `await using` declaration. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#thin !== undefined) await promisify(this.close).call(this);
  }

  /** Makes the server keep the process alive. This is the initial state. */
  ref(): this {
    this.#isRef = true;
    this.#thin?.ref();
    return this;
  }

  /** Lets the process end although the server listens. */
  unref(): this {
    this.#isRef = false;
    this.#thin?.unref();
    return this;
  }

  /** For EventEmitter's `captureRejections`, as in `node:net`. */
  override [EventEmitter.captureRejectionSymbol](
    error: Error,
    event: string,
    socket?: Socket,
  ): void {
    if (event === 'connection') socket?.destroy(error);
    else this.emit('error', error);
  }

  #obey(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const abort = () => this.close();
    if (signal.aborted) {
      process.nextTick(abort);
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    this.once('close', () => signal.removeEventListener('abort', abort));
  }

  #lookUp(host: string, port: number, target: ListenTarget): void {
    const listens = this.#listens;
    const listen = (address: string) =>
      this.#listen(() => new TCPServerAddress(address, port), target);
    lookup(host, { all: true }, (error, addresses) => {
      if (listens !== this.#listens) return;
      const [first] = addresses ?? [];
      // Not an IPv6 address that is valid only on one link, if there is another one.
      const found = addresses?.find(({ address }) => !/^fe[89ab]/i.test(address)) ?? first;
      if (error || found === undefined) this.emit('error', error);
      else listen(found.address);
    });
  }

  #listenOnAll(port: number, target: ListenTarget): void {
    try {
      this.#start(new TCPServerAddress('::', port), target);
    } catch (error) {
      // A host without IPv6.
      const isTaken = (error as NodeError).code === 'EADDRINUSE';
      this.#listen(() => new TCPServerAddress(isTaken ? '::' : '0.0.0.0', port), target);
    }
  }

  #listen(addressOf: () => ListenAddress, target: ListenTarget): void {
    let path = '';
    try {
      const address = addressOf();
      if ('path' in address) path = address.path;
      this.#start(address, target);
    } catch (error) {
      const { kernel } = hostOf(this.#reactor, 'listen');
      const failure = listenError(error, () => udsPathStateOn(kernel, path) === 'taken');
      process.nextTick(() => this.emit('error', failure));
    }
  }

  #start(at: ListenAddress, { backlog, ipv6Only = false }: ListenTarget): void {
    const host = hostOf(this.#reactor, 'listen');
    const { noDelay, keepAlive } = this;
    const thin = listenOn(
      host,
      at,
      {
        backlog,
        ipv6Only,
        maxConnections: this.#maxConnections ?? Number.POSITIVE_INFINITY,
        connection: { allowHalfOpen: true, noDelay, keepAlive },
      },
      new Callback<Connection>((connection) => this.#accepted(connection)),
    );
    thin.onDrop = (dropped) => this.#dropped(dropped);
    thin.onError = (error) => this.emit('error', error);
    thin.onStop = () => {
      // The reactor has closed it.
      if (this.#thin === thin) this.close();
    };
    if (!this.#isRef) thin.unref();
    this.#thin = thin;
    process.nextTick(() => {
      if (this.#thin === thin) this.emit('listening');
    });
  }

  #accepted(connection: Connection): void {
    this.#connections += 1;
    const { allowHalfOpen, highWaterMark } = this;
    const options = {
      allowHalfOpen,
      readableHighWaterMark: highWaterMark,
      writableHighWaterMark: highWaterMark,
    };
    const adopted = { connection, server: this.#ofSockets, isPaused: this.pauseOnConnect };
    const socket = new Socket(this.#reactor, options, adopted);
    socket.server = this;
    this.emit('connection', socket);
  }

  #left(): void {
    this.#connections -= 1;
    this.#emitCloseIfDrained();
  }

  #dropped({ local, remote }: DroppedConnection): void {
    const [here, there] = [nameOf(local), nameOf(remote)];
    if (here === undefined && there === undefined) {
      this.emit('drop');
      return;
    }
    this.emit('drop', {
      localAddress: here?.address,
      localPort: here?.port,
      localFamily: here?.family,
      remoteAddress: there?.address,
      remotePort: there?.port,
      remoteFamily: there?.family,
    });
  }

  #emitCloseIfDrained(): void {
    if (this.#thin !== undefined || this.#connections > 0) return;
    process.nextTick(() => this.emit('close'));
  }
}

/** A listener of `connection`. */
export type OnSocket = (socket: Socket) => void;
