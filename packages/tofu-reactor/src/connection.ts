import type { SktEndpoint, WouldBlock } from 'tofu-sockets';
import { type Bytes, requireRoom } from './bytes.js';
import { callbackOf } from './callback.js';
import type { CheckedConnectionOptions } from './connection-options.js';
import type { Host, Member } from './host.js';
import { StreamCore } from './stream-core.js';
import type { WriteOptions } from './write-side.js';

/** A function that is called with its connection; undefined for none. */
export type OnConnection = ((connection: Connection) => unknown) | undefined;

/** Returns the logic behind a connection; for this package only. */
export let coreOf: (connection: Connection) => StreamCore;

/**
 * One connection, over TCP or AF_UNIX. It tries to receive before it polls. After a budget it lets
 * the other connections continue. It does not buffer received bytes: the program passes the buffer
 * to each read.
 *
 * Callbacks run on the reactor's thread, in the async context in which they were set. An exception
 * in a callback reaches `uncaughtException`, and the connection stays open. A connection cannot be
 * shared between threads.
 *
 * @example
 * ```ts
 * import { Reactor } from 'tofu-reactor';
 *
 * await using reactor = new Reactor();
 * const connection = await reactor.connect({ port: 7099 }, { timeoutMs: 5_000 });
 * connection.write('hello');
 * const buffer = Buffer.alloc(1_024);
 * const count = await connection.read(buffer);
 * console.log(buffer.toString('utf8', 0, count));
 * await connection.close();
 * ```
 */
export class Connection implements Member, AsyncDisposable {
  readonly #core: StreamCore;
  #local: SktEndpoint | undefined;
  #remote: SktEndpoint | undefined;

  static {
    coreOf = (connection) => connection.#core;
  }

  /** @internal Only a reactor creates connections. */
  constructor(host: Host, options: CheckedConnectionOptions) {
    this.#core = new StreamCore(host, options, this);
  }

  /** True while it is connected: after the connect and before it is closed. */
  get isOpen(): boolean {
    return this.#core.link !== undefined && !this.#core.isClosed;
  }

  /** True while the connect is pending. Bytes that are written meanwhile are sent afterwards. */
  get isConnecting(): boolean {
    return this.#core.link === undefined && !this.#core.isClosed;
  }

  /** True after the end of the peer's stream was read. */
  get isReadEnded(): boolean {
    return this.#core.readSide.isEnded;
  }

  /**
   * This side's endpoint; undefined before it is connected. After the first call it stays
   * available, also when the connection is closed.
   */
  get localEndpoint(): SktEndpoint | undefined {
    if (this.isOpen) this.#local ??= this.#core.link?.skt.localEndpoint();
    return this.#local;
  }

  /**
   * The peer's endpoint; undefined before it is connected, and after a reset. After a first
   * successful call it stays available.
   */
  get remoteEndpoint(): SktEndpoint | undefined {
    if (this.#remote !== undefined || !this.isOpen) return this.#remote;
    try {
      this.#remote = this.#core.link?.skt.peerEndpoint();
    } catch {
      // Winsock has no peer address for a connection that was reset.
    }
    return this.#remote;
  }

  /** How many bytes were received. */
  get bytesRead(): number {
    return this.#core.readSide.bytesRead;
  }

  /** How many bytes were written, including those that are not sent yet. */
  get bytesWritten(): number {
    return this.#core.writeSide.bytesWritten;
  }

  /** How many bytes are not sent yet. */
  get bufferedBytes(): number {
    return this.#core.writeSide.bufferedBytes;
  }

  /**
   * Called when there may be something to read. It is a hint: {@link readInto} may still return
   * `wouldBlock`. Like 'readable' of Node's streams it is called again only after a read. A
   * program that does not read therefore pauses the connection, and the next read resumes it.
   */
  get onReadable(): OnConnection {
    return this.#core.onReadable?.run;
  }

  set onReadable(run: OnConnection) {
    this.#core.onReadable = callbackOf('onReadable', run);
    if (run !== undefined) this.#core.resume();
  }

  /** Called after a {@link write} that returned false, when all buffered bytes are sent. */
  get onDrain(): OnConnection {
    return this.#core.onDrain?.run;
  }

  set onDrain(run: OnConnection) {
    this.#core.onDrain = callbackOf('onDrain', run);
  }

  /** Called when no byte was received or sent for the time of {@link setTimeout}. */
  get onTimeout(): OnConnection {
    return this.#core.onTimeout?.run;
  }

  set onTimeout(run: OnConnection) {
    this.#core.onTimeout = callbackOf('onTimeout', run);
  }

  /**
   * Called once, as the last callback, with the error that ended the connection, if there was one.
   * For a reset its code is `ECONNRESET`.
   */
  get onClose(): ((error: Error | undefined) => unknown) | undefined {
    return this.#core.onClose?.run;
  }

  set onClose(run: ((error: Error | undefined) => unknown) | undefined) {
    this.#core.onClose = callbackOf('onClose', run);
  }

  /** Resolves when the connection is closed, for any reason. */
  get closed(): Promise<void> {
    return this.#core.closed;
  }

  /**
   * Receives the bytes that are available now: at most as many as fit into the buffer, and at most
   * 1 MiB.
   *
   * @returns how many bytes were received; 0 at the end of the stream; `wouldBlock` when no byte
   *   is available, when the budget of this connection's turn is used up, and when the connection
   *   is closed or not connected yet.
   * @throws {ReactorError} `ERR_REACTOR_ARGUMENT`
   */
  readInto(buffer: Uint8Array): number | WouldBlock {
    requireRoom(buffer, 'readInto');
    return this.#core.readInto(buffer);
  }

  /**
   * Receives like {@link readInto}, but waits until bytes are available. Only one read may wait at
   * a time.
   *
   * @returns how many bytes were received; 0 at the end of the stream. Rejects with the error that
   *   ended the connection, and with a {@link ReactorError}: `ERR_REACTOR_BUSY` while another read
   *   waits, `ERR_REACTOR_CLOSED`, `ERR_REACTOR_ARGUMENT`.
   */
  read(buffer: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      requireRoom(buffer, 'read');
      this.#core.read({ into: buffer, resolve, reject });
    });
  }

  /**
   * Sends bytes. The items of an array are sent in order, with as few calls as possible. Bytes
   * that the system does not take at once are buffered in memory.
   *
   * @returns true if no byte is buffered. After false, stop writing until {@link onDrain}. A
   *   closed connection returns false, too, and drops the bytes.
   * @throws {ReactorError} `ERR_REACTOR_ENDED` after {@link end}; `ERR_REACTOR_BUFFER_FULL` when
   *   too many bytes are buffered already; `ERR_REACTOR_ARGUMENT`. In each case nothing was
   *   written.
   */
  write(data: Bytes, options?: WriteOptions): boolean {
    return this.#core.write(data, options);
  }

  /**
   * Ends the sending side after all bytes are sent. The peer then sees the end of the stream.
   * Idempotent.
   */
  end(data?: Bytes): void {
    if (data !== undefined) this.write(data);
    this.#core.end();
  }

  /** Closes the connection after all bytes are sent, even if the peer still sends. */
  close(): Promise<void> {
    this.#core.close();
    return this.#core.closed;
  }

  /**
   * Closes the connection now; unsent bytes are lost.
   *
   * @param error is passed to {@link onClose}.
   */
  destroy(error?: Error): void {
    this.#core.over(error, false);
  }

  /** Closes the connection now with a reset, which the peer sees. */
  reset(): void {
    this.#core.over(undefined, true);
  }

  /** Calls {@link close}, at the end of an `await using` declaration. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Sets TCP_NODELAY. Ignored over AF_UNIX, if the connection is not open, or if refused. */
  setNoDelay(isOn = true): void {
    this.#core.setOption('noDelay', isOn);
  }

  /** Sets SO_KEEPALIVE. Ignored over AF_UNIX, if the connection is not open, or if refused. */
  setKeepAlive(isOn = false): void {
    this.#core.setOption('keepAlive', isOn);
  }

  /**
   * Makes the connection call {@link onTimeout} when no byte was received or sent for this time.
   *
   * @param timeoutMs in milliseconds, up to 2^31 - 1; 0, the initial value, turns it off.
   * @throws {ReactorError} `ERR_REACTOR_ARGUMENT`
   */
  setTimeout(timeoutMs: number): void {
    if (!this.#core.isClosed) this.#core.idle.set(timeoutMs);
  }

  /** Makes the connection keep the process alive. This is the initial state. */
  ref(): this {
    this.#core.setRef(true);
    return this;
  }

  /** Lets the process end although the connection is open. */
  unref(): this {
    this.#core.setRef(false);
    return this;
  }
}
