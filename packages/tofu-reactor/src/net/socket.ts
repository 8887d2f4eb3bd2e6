import { Duplex, type DuplexOptions } from 'node:stream';
import type { AttemptResult } from '../connect.js';
import { Connection, coreOf } from '../connection.js';
import type { Host } from '../host.js';
import { hostOf, type Reactor } from '../reactor.js';
import { onEnd } from './after-end.js';
import { normalizeArguments, requireDuration, requireFunction } from './arguments.js';
import { startConnect } from './connecting.js';
import { fixedError, wrongValue } from './errors.js';
import { Handle } from './handle.js';
import type { ConnectSocketOptions, SocketOptions } from './socket-options.js';
import {
  byteLengthOf,
  bytesOf,
  type Chunk,
  type Done,
  type EncodedChunk,
  nameOf,
  type SocketAddress,
} from './values.js';

/** The server that accepted a socket. */
export interface SocketServer {
  /** Called when a socket of this server is destroyed. */
  left(): void;
}

/** How a socket gets a connection that exists already; for this package only. */
export interface Adoption {
  readonly connection: Connection;
  readonly server?: SocketServer;
  /** True: the socket does not read until `resume`. */
  readonly isPaused?: boolean;
}

/**
 * A connection as a stream of Node: `net.Socket` on a reactor, with the same events in the same
 * order, and the same errors. Libraries that take any `Duplex` run on it. It is not a `net.Socket`.
 */
export class Socket extends Duplex {
  /** True from {@link connect} until it is connected. */
  connecting = false;
  /** The time that was set by {@link setTimeout}, in milliseconds. */
  timeout: number | undefined;
  /** For libraries: `http` stores its server here. */
  server: unknown = null;
  readonly #hostOf: (call: string) => Host;
  /** What is set when it is connected; see {@link SocketOptions}. */
  #noDelay: boolean;
  #keepAlive: boolean;
  /** From the connect until it is destroyed. */
  #handle: Handle | undefined;
  #acceptedBy: SocketServer | undefined;
  #isReset = false;
  #timer: NodeJS.Timeout | undefined;
  #unsentAtTimeout = 0;
  #peer: SocketAddress | undefined;
  /** How many bytes wait for the connect, besides those that the stream buffers. */
  #pendingBytes = 0;
  /** The counters of the destroyed handle. */
  #bytesRead = 0;
  #bytesWritten = 0;

  /**
   * Creates a socket that is not connected; see {@link connect}.
   * @throws {ReactorError} `ERR_REACTOR_CLOSED`. @throws a TypeError for wrong options.
   */
  constructor(reactor: Reactor, options?: SocketOptions);
  /** @internal */
  constructor(reactor: Reactor | undefined, options: SocketOptions, adopted: Adoption);
  constructor(reactor: Reactor | undefined, options: SocketOptions = {}, adopted?: Adoption) {
    const { objectMode, readableObjectMode, writableObjectMode } = options as DuplexOptions;
    if (objectMode || readableObjectMode || writableObjectMode) {
      throw wrongValue('options.objectMode', true, 'is not supported');
    }
    super({
      ...options,
      allowHalfOpen: Boolean(options.allowHalfOpen),
      // `close` comes later than the stream would emit it.
      emitClose: false,
      autoDestroy: true,
      decodeStrings: false,
    });
    this.#noDelay = options.noDelay ?? true;
    this.#keepAlive = options.keepAlive ?? false;
    const host = adopted && coreOf(adopted.connection).host;
    this.#hostOf = (call) => host ?? hostOf(reactor as Reactor, call);
    this.on('end', onEnd);
    if (adopted === undefined) return;
    this.#acceptedBy = adopted.server;
    this.#own(adopted.connection);
    if (adopted.isPaused) this.pause();
    else this.read(0);
  }

  /**
   * Connects. Takes the arguments of `net.Socket.connect`: `(options, callback)`,
   * `(port, host, callback)` or `(path, callback)`. A socket that is closed can connect again.
   * @throws {ReactorError} `ERR_REACTOR_CLOSED`. @throws TypeError and RangeError like Node's.
   */
  connect(options: ConnectSocketOptions, onConnect?: () => void): this;
  connect(port: number, host: string, onConnect?: () => void): this;
  connect(portOrPath: number | string, onConnect?: () => void): this;
  connect(...args: readonly unknown[]): this {
    const { options, callback } = normalizeArguments<ConnectSocketOptions>(args);
    if (callback !== undefined) this.once('connect', callback);
    if (options.port === undefined && options.path == null) {
      const message = 'The "options" or "port" or "path" argument must be specified';
      throw Object.assign(new TypeError(message), { code: 'ERR_MISSING_ARGS' });
    }
    const host = this.#hostOf('connect');
    // The stream ended: see `onEnd`.
    if (Object.hasOwn(this, 'write')) delete (this as Partial<Pick<Socket, 'write'>>).write;
    if (this.destroyed) (this as unknown as { _undestroy(): void })._undestroy();
    this.#peer = undefined;
    if (this.#handle !== undefined) {
      return this.destroy(Object.assign(new Error('connect EISCONN'), { code: 'EISCONN' }));
    }
    const set = { allowHalfOpen: true, noDelay: false, keepAlive: false };
    const connection = new Connection(host, set);
    const handle = this.#own(connection);
    this.#touch();
    this.connecting = true;
    const isCurrent = () => this.connecting && this.#handle === handle;
    const emit = this.emit.bind(this);
    try {
      handle.core.cancelConnect = startConnect(host, { isCurrent, emit }, options, (result) =>
        this.#connected(handle, result),
      );
    } catch (error) {
      this.connecting = false;
      this.#handle = undefined;
      handle.close(undefined, false);
      throw error;
    }
    return this;
  }

  /** True until it is connected, and after it was destroyed. */
  get pending(): boolean {
    return this.#handle === undefined || this.connecting;
  }

  /** The state of both directions. */
  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  /** How many bytes were received. */
  get bytesRead(): number {
    return this.#handle?.bytesRead ?? this.#bytesRead;
  }

  /** How many bytes were written, including those that are not sent yet. */
  get bytesWritten(): number {
    const dispatched = this.#handle?.bytesWritten ?? this.#bytesWritten;
    const { writableBuffer = [] } = this as { writableBuffer?: readonly EncodedChunk[] };
    const buffered = writableBuffer.map(({ chunk, encoding }) => byteLengthOf(chunk, encoding));
    return buffered.reduce((sum, bytes) => sum + bytes, dispatched + this.#pendingBytes);
  }

  /** This side's address. An empty object before it is connected, afterwards, and over AF_UNIX. */
  address(): SocketAddress {
    return nameOf(this.#handle?.connection.localEndpoint) ?? {};
  }

  /** The IP address of this end; undefined over AF_UNIX and before it is connected. */
  get localAddress(): string | undefined {
    return this.address().address;
  }

  /** The port of this end, as {@link localAddress}. */
  get localPort(): number | undefined {
    return this.address().port;
  }

  /** `IPv4` or `IPv6`, as {@link localAddress}. */
  get localFamily(): string | undefined {
    return this.address().family;
  }

  /** The peer's address; undefined over AF_UNIX. After a first call it stays available. */
  get remoteAddress(): string | undefined {
    return this.#remote.address;
  }

  /** The port of the peer, as {@link remoteAddress}. */
  get remotePort(): number | undefined {
    return this.#remote.port;
  }

  /** `IPv4` or `IPv6`, as {@link remoteAddress}. */
  get remoteFamily(): string | undefined {
    return this.#remote.family;
  }

  /**
   * Emits `timeout` when no byte was received or sent for this time.
   *
   * @param timeoutMs in milliseconds; 0 turns it off. @param callback is added or removed as a
   *   listener of `timeout`.
   */
  setTimeout(timeoutMs: number, callback?: () => void): this {
    if (this.destroyed) return this;
    this.timeout = timeoutMs;
    const checkedMs = requireDuration(timeoutMs, 'msecs');
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (callback !== undefined) requireFunction(callback, 'callback');
    if (checkedMs === 0) {
      if (callback !== undefined) this.removeListener('timeout', callback);
      return this;
    }
    this.#timer = setTimeout(() => this.#timedOut(), checkedMs).unref();
    if (callback !== undefined) this.once('timeout', callback);
    return this;
  }

  /** Sets TCP_NODELAY. Ignored over AF_UNIX. */
  setNoDelay(isOn = true): this {
    this.#noDelay = Boolean(isOn);
    if (!this.pending) this.#handle?.core.setOption('noDelay', this.#noDelay);
    return this;
  }

  /** Sets SO_KEEPALIVE. Ignored over AF_UNIX. The system's delay applies. */
  setKeepAlive(isOn = false, _initialDelayMs?: number): this {
    this.#keepAlive = Boolean(isOn);
    if (!this.pending) this.#handle?.core.setOption('keepAlive', this.#keepAlive);
    return this;
  }

  /** Makes the socket keep the process alive. This is the initial state. */
  ref(): this {
    return this.#setRef(true);
  }

  /** Lets the process end although the socket is open. */
  unref(): this {
    return this.#setRef(false);
  }

  /** Ends the sending side, and destroys the socket when all bytes are sent. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  }

  /** Closes the connection with a reset, which the peer sees. */
  resetAndDestroy(): this {
    if (this.#handle === undefined) return this.destroy(fixedError('ERR_SOCKET_CLOSED'));
    const reset = () => {
      this.#isReset = true;
      this.destroy();
    };
    if (this.connecting) this.once('connect', reset);
    else reset();
    return this;
  }

  override _read(): void {
    if (this.connecting || this.#handle === undefined) this.once('connect', () => this._read());
    else this.#handle.read();
  }

  override _write(chunk: Chunk, encoding: BufferEncoding, done: Done): void {
    this.#send([bytesOf(chunk, encoding)], done);
  }

  override _writev(chunks: readonly EncodedChunk[], done: Done): void {
    const bytes = chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding));
    this.#send(bytes, done);
  }

  override _final(done: Done): void {
    if (this.connecting) {
      this.once('connect', () => this._final(done));
      return;
    }
    if (this.#handle === undefined) {
      done();
      return;
    }
    // After both ends the stream is destroyed, and the close sends the same FIN.
    if (!this.readableEnded) this.#handle.core.end();
    // As in Node: after all ticks, and before the next read.
    process.nextTick(() => queueMicrotask(done));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.connecting = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const handle = this.#handle;
    if (handle === undefined) {
      done(error);
      process.nextTick(() => this.emit('close'));
    } else {
      this.#handle = undefined;
      handle.close(error ?? undefined, this.#isReset);
      this.#bytesRead = handle.bytesRead;
      this.#bytesWritten = handle.bytesWritten;
      this.#isReset = false;
      done(error);
      setImmediate(() => {
        handle.cancelWrite();
        this.emit('close', error !== null);
      });
    }
    this.#acceptedBy?.left();
    this.#acceptedBy = undefined;
  }

  #own(connection: Connection): Handle {
    this.#handle = new Handle(connection, {
      received: (chunk) => {
        this.#touch();
        if (chunk !== null) return this.push(chunk);
        this.push(null);
        this.read(0);
        return true;
      },
      sent: () => this.#touch(),
      failed: (error) => this.destroy(error),
      closeRequested: () => (this.connecting ? this.destroy() : this.destroySoon()),
      closed: () => this.destroy(),
    });
    return this.#handle;
  }

  #connected(handle: Handle, { skt, isRegistered = false, error }: AttemptResult): void {
    if (skt === undefined) {
      this.destroy(error);
      return;
    }
    const { core } = handle;
    this.connecting = false;
    core.attach(skt, isRegistered);
    core.begin(false);
    if (this.#noDelay) core.setOption('noDelay', true);
    if (this.#keepAlive) core.setOption('keepAlive', true);
    this.#touch();
    this.emit('connect');
    this.emit('ready');
    if (this.readable && !this.isPaused()) this.read(0);
  }

  #send(chunks: readonly Uint8Array[], done: Done): void {
    if (this.connecting) {
      this.#sendLater(chunks, done);
    } else if (this.#handle === undefined) {
      done(fixedError('ERR_SOCKET_CLOSED'));
    } else {
      this.#touch();
      this.#handle.write(chunks, done);
      this.#unsentAtTimeout = this.#handle?.unsentBytes ?? 0;
    }
  }

  #sendLater(chunks: readonly Uint8Array[], done: Done): void {
    this.#pendingBytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const closed = () => done(fixedError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION'));
    this.once('connect', () => {
      this.off('close', closed);
      this.#pendingBytes = 0;
      this.#send(chunks, done);
    });
    this.once('close', closed);
  }

  #touch(): void {
    this.#timer?.refresh();
  }

  #timedOut(): void {
    const unsent = this.#handle?.unsentBytes ?? 0;
    if (unsent > 0 && unsent !== this.#unsentAtTimeout) {
      // A write makes progress.
      this.#unsentAtTimeout = unsent;
      this.#touch();
      return;
    }
    this.emit('timeout');
  }

  get #remote(): SocketAddress {
    if (!this.connecting) this.#peer ??= nameOf(this.#handle?.connection.remoteEndpoint);
    return this.#peer ?? {};
  }

  #setRef(isRef: boolean): this {
    if (this.#handle === undefined) this.once('connect', () => this.#setRef(isRef));
    else this.#handle.core.setRef(isRef);
    return this;
  }
}
