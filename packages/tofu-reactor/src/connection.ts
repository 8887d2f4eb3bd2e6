import type { SktEndpoint, WouldBlock } from 'tofu-sockets';
import { type Bytes, requireRoom } from './bytes.js';
import { callbackOf } from './callback.js';
import type { CheckedConnectionOptions } from './connection-options.js';
import type { Host, Member } from './host.js';
import { StreamCore } from './stream-core.js';
import type { WriteOptions } from './write-side.js';

/** A function that is called with its connection; undefined for none. */
export type OnConnection = ((connection: Connection) => unknown) | undefined;

/** The logic behind a connection; for this package. */
export let coreOf: (connection: Connection) => StreamCore;

/**
 * One connection, over TCP or AF_UNIX. It tries before it asks the kernel, and gives the others their
 * turn after a budget. It has no buffer for what it receives: the program says where that goes.
 *
 * Callbacks run on the reactor's thread, in the async context in which they were set. What they throw
 * reaches `uncaughtException`; the connection goes on. Not to be shared between threads.
 */
export class Connection implements Member, AsyncDisposable {
  readonly #core: StreamCore;
  #local: SktEndpoint | undefined;
  #remote: SktEndpoint | undefined;

  static {
    coreOf = (connection) => connection.#core;
  }

  /** @internal Made by a reactor. */
  constructor(host: Host, options: CheckedConnectionOptions) {
    this.#core = new StreamCore(host, options, this);
  }

  /** True from when it is connected until it is closed. */
  get isOpen(): boolean {
    return this.#core.link !== undefined && !this.#core.isClosed;
  }

  /** True while the connect is under way. What is written meanwhile is sent afterwards. */
  get isConnecting(): boolean {
    return this.#core.link === undefined && !this.#core.isClosed;
  }

  /** True once the end of the peer's stream was read. */
  get isReadEnded(): boolean {
    return this.#core.readSide.isEnded;
  }

  /** This side's endpoint; undefined before it is connected. Kept, once it was asked for. */
  get localEndpoint(): SktEndpoint | undefined {
    if (this.isOpen) this.#local ??= this.#core.link?.skt.localEndpoint();
    return this.#local;
  }

  /** The peer's endpoint; undefined before it is connected, and of one that was reset. Likewise kept. */
  get remoteEndpoint(): SktEndpoint | undefined {
    if (this.#remote !== undefined || !this.isOpen) return this.#remote;
    try {
      this.#remote = this.#core.link?.skt.peerEndpoint();
    } catch {
      // Winsock knows no peer of a connection that was reset.
    }
    return this.#remote;
  }

  /** How many bytes were received. */
  get bytesRead(): number {
    return this.#core.readSide.bytesRead;
  }

  /** How many bytes were written, those included that wait to be sent. */
  get bytesWritten(): number {
    return this.#core.writeSide.bytesWritten;
  }

  /** How many bytes wait to be sent. */
  get bufferedBytes(): number {
    return this.#core.writeSide.bufferedBytes;
  }

  /**
   * Called when there may be something to read. It is a hint: {@link readInto} may still say
   * would-block. As with 'readable' of Node's streams it is called again only after a read: a program
   * that does not read pauses the connection, and the next read resumes it.
   */
  get onReadable(): OnConnection {
    return this.#core.onReadable?.run;
  }

  set onReadable(run: OnConnection) {
    this.#core.onReadable = callbackOf('onReadable', run);
    if (run !== undefined) this.#core.resume();
  }

  /** Called when all that waited was sent, after a {@link write} that returned false. */
  get onDrain(): OnConnection {
    return this.#core.onDrain?.run;
  }

  set onDrain(run: OnConnection) {
    this.#core.onDrain = callbackOf('onDrain', run);
  }

  /** Called when nothing was received or sent for the time of {@link setTimeout}. */
  get onTimeout(): OnConnection {
    return this.#core.onTimeout?.run;
  }

  set onTimeout(run: OnConnection) {
    this.#core.onTimeout = callbackOf('onTimeout', run);
  }

  /** Called once, last, with the error that ended the connection: of a reset `ECONNRESET`. */
  get onClose(): ((error: Error | undefined) => unknown) | undefined {
    return this.#core.onClose?.run;
  }

  set onClose(run: ((error: Error | undefined) => unknown) | undefined) {
    this.#core.onClose = callbackOf('onClose', run);
  }

  /** Resolves when it is closed, for whatever reason. */
  get closed(): Promise<void> {
    return this.#core.closed;
  }

  /**
   * Receives what is there now: at most as many bytes as fit, and 1 MiB.
   *
   * @returns how many came; 0 at the end of the stream; `wouldBlock` when there is nothing now, when
   *   this connection's turn is over, and of one that is closed or not connected yet.
   * @throws {ReactorError} `ERR_REACTOR_ARGUMENT`
   */
  readInto(buffer: Uint8Array): number | WouldBlock {
    requireRoom(buffer, 'readInto');
    return this.#core.readInto(buffer);
  }

  /**
   * Receives as {@link readInto}, and waits while there is nothing. One read at a time.
   *
   * @returns how many bytes came; 0 at the end of the stream. Rejects with the error that ended the
   *   connection, and with a {@link ReactorError}: `ERR_REACTOR_BUSY` while another read waits,
   *   `ERR_REACTOR_CLOSED`, `ERR_REACTOR_ARGUMENT`.
   */
  read(buffer: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      requireRoom(buffer, 'read');
      this.#core.read({ into: buffer, resolve, reject });
    });
  }

  /**
   * Sends bytes; those of an array in order, with as few calls as possible. What the system does not
   * take at once waits in memory.
   *
   * @returns true if nothing waits. After false stop writing until {@link onDrain}. False, too, of a
   *   connection that is closed: the bytes are dropped.
   * @throws {ReactorError} `ERR_REACTOR_ENDED` after {@link end}; `ERR_REACTOR_BUFFER_FULL` when too
   *   much waits already; `ERR_REACTOR_ARGUMENT`. Nothing was written then.
   */
  write(data: Bytes, options?: WriteOptions): boolean {
    return this.#core.write(data, options);
  }

  /** Ends this side once everything is sent; the peer sees the end of the stream. Idempotent. */
  end(data?: Bytes): void {
    if (data !== undefined) this.write(data);
    this.#core.end();
  }

  /** Closes the connection once everything is sent, whatever the peer may still send. */
  close(): Promise<void> {
    this.#core.close();
    return this.#core.closed;
  }

  /** Closes the connection now; what waits to be sent is lost. @param error goes to {@link onClose}. */
  destroy(error?: Error): void {
    this.#core.over(error, false);
  }

  /** Closes the connection now, so that the peer sees a reset. */
  reset(): void {
    this.#core.over(undefined, true);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** TCP_NODELAY. Ignored over AF_UNIX, and unless it is open. */
  setNoDelay(isOn = true): void {
    this.#core.setOption('noDelay', isOn);
  }

  /** SO_KEEPALIVE. Likewise. */
  setKeepAlive(isOn = false): void {
    this.#core.setOption('keepAlive', isOn);
  }

  /**
   * Has {@link onTimeout} called when nothing was received or sent for so long.
   *
   * @param timeoutMs 0, the default, ends that; up to 2^31 - 1.
   * @throws {ReactorError} `ERR_REACTOR_ARGUMENT`
   */
  setTimeout(timeoutMs: number): void {
    if (!this.#core.isClosed) this.#core.idle.set(timeoutMs);
  }

  /** Has the connection hold the process open; the initial state. */
  ref(): this {
    this.#core.setRef(true);
    return this;
  }

  /** Has the connection not hold the process open. */
  unref(): this {
    this.#core.setRef(false);
    return this;
  }
}
