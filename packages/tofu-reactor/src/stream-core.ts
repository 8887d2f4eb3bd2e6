import { WsaError } from 'ntdllx';
import { type AcceptedSkt, type ClientSkt, type WouldBlock, wouldBlock } from 'tofu-sockets';
import type { Bytes } from './bytes.js';
import type { Callback } from './callback.js';
import type { Connection } from './connection.js';
import type { CheckedConnectionOptions } from './connection-options.js';
import { diagnosticsChannels } from './diagnostics.js';
import { ReactorError } from './errors.js';
import type { Host } from './host.js';
import { IdleTimer } from './idle-timer.js';
import { transferError } from './node-errors.js';
import { type Outcome, ReadSide } from './read-side.js';
import { type LinkOwner, readBit, StreamLink, writeBit } from './stream-link.js';
import { type WriteOptions, WriteSide } from './write-side.js';

/**
 * The owner of a connection that decides itself when to read and when to close: a Node stream. Its
 * methods are called instead of the callbacks of {@link Connection}. They must not throw.
 */
export interface StreamOwner {
  /** There may be something to read: one {@link StreamCore.readInto} is allowed now. */
  readable(): void;
  /** All buffered bytes are sent. */
  sent(): void;
  /** The connection was reset, or failed. The owner closes it. */
  failed(error: Error): void;
  /** The reactor is being closed. The owner closes the connection as soon as its bytes are sent. */
  closeRequested(): void;
  /** The connection was closed, by the owner or by the reactor. Called inside of that call. */
  closed(): void;
}

/** A `read` that waits. */
interface PendingRead {
  readonly into: Uint8Array;
  readonly resolve: (count: number) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The logic of a connection: when it reads, when it polls, and when it ends. {@link Connection} is
 * its public interface.
 *
 *     connecting ──attach──▶ open ──end of both sides, close, destroy, an error──▶ closed
 */
export class StreamCore implements LinkOwner {
  readonly readSide = new ReadSide();
  readonly writeSide: WriteSide;
  readonly idle = new IdleTimer(() => this.onTimeout?.call(this.#connection));
  readonly host: Host;
  readonly #options: CheckedConnectionOptions;
  readonly #connection: Connection;
  link: StreamLink | undefined;
  isClosed = false;
  /** True until its first turn, which its creator starts by {@link begin}. */
  isNew = true;
  /** The stream of Node that owns the connection; undefined if the program uses it directly. */
  owner: StreamOwner | undefined;
  /** True while the owner requests bytes. */
  isFlowing = false;
  onReadable: Callback<Connection> | undefined;
  onDrain: Callback<Connection> | undefined;
  onTimeout: Callback<Connection> | undefined;
  onClose: Callback<Error | undefined> | undefined;
  /** Notifies its server that the connection is closed. Called before {@link onClose}. */
  onOver: (() => void) | undefined;
  /** Cancels the pending connect. */
  cancelConnect: (() => void) | undefined;
  #pendingRead: PendingRead | undefined;
  #isClosing = false;
  #isRef = true;
  /** The error that ended the connection. */
  error: Error | undefined;
  #closed: Promise<void> | undefined;
  #resolveClosed: (() => void) | undefined;

  constructor(host: Host, options: CheckedConnectionOptions, connection: Connection) {
    this.host = host;
    this.#options = options;
    this.#connection = connection;
    this.writeSide = new WriteSide(host.maxBufferedBytes, host.buffered);
    host.join(connection, true);
  }

  get closed(): Promise<void> {
    this.#closed ??= this.isClosed
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#resolveClosed = resolve;
        });
    return this.#closed;
  }

  /**
   * Called when the connection is established: it takes ownership of the socket. An accepted
   * socket inherits noDelay from the listener.
   */
  attach(skt: AcceptedSkt | ClientSkt, isRegistered: boolean): void {
    this.cancelConnect = undefined;
    this.link = new StreamLink(this.host.engine, skt, this, isRegistered);
    if (this.#options.noDelay && skt.kind !== 'accepted') this.setOption('noDelay', true);
    if (this.#options.keepAlive) this.setOption('keepAlive', true);
    const channel = diagnosticsChannels[skt.kind === 'accepted' ? 'accept' : 'connect'];
    if (channel.hasSubscribers) {
      channel.publish({ reactor: this.host.name, connection: this.#connection });
    }
    if (this.writeSide.bufferedBytes > 0) this.writable();
    else if (this.writeSide.isEnding) this.#finish();
  }

  /**
   * The first turn of a new connection.
   *
   * @param isTry false: it polls first. @returns whether the try received something.
   */
  begin(isTry: boolean): boolean {
    this.isNew = false;
    if (!this.#isReading) return true;
    if (this.owner !== undefined) {
      this.#tryLater();
      return true;
    }
    if (isTry) return this.#serve() !== 'blocked';
    this.link?.requestEvent(readBit);
    return false;
  }

  /** Called when the program starts to wait for bytes. */
  resume(): void {
    if (!this.isNew && !this.readSide.isServing) this.#tryLater();
  }

  /** A receive by the program, inside or outside of the connection's turn. */
  readInto(into: Uint8Array): number | WouldBlock {
    const count = this.#receive(into);
    if (!this.readSide.isServing) this.#settle(count === wouldBlock ? 'blocked' : 'served');
    return count;
  }

  read({ into, resolve, reject }: PendingRead): void {
    if (this.#pendingRead !== undefined) {
      throw new ReactorError(
        'ERR_REACTOR_BUSY',
        'Another read is pending: only one read at a time.',
      );
    }
    const count = this.#receive(into);
    if (count !== wouldBlock) {
      resolve(count);
      if (!this.readSide.isServing) this.#settle('served');
    } else if (this.isClosed) {
      reject(this.error ?? closedError());
    } else {
      this.#pendingRead = { into, resolve, reject };
      this.link?.requestEvent(readBit);
    }
  }

  write(data: Bytes, options?: WriteOptions): boolean {
    if (this.isClosed) return false;
    if (this.writeSide.isEnding) {
      throw new ReactorError(
        'ERR_REACTOR_ENDED',
        'The sending side was ended: a write after it is refused.',
      );
    }
    try {
      const isAllSent = this.writeSide.write(this.link?.skt, data, options);
      if (!isAllSent) this.link?.requestEvent(writeBit);
      this.idle.touch();
      return isAllSent;
    } catch (error) {
      if (error instanceof ReactorError) throw error;
      this.failed(transferError('write', error));
      return false;
    }
  }

  /**
   * A write by the owner. The chunks are kept by reference until they are sent.
   *
   * @returns true if no byte is left to send; otherwise the owner gets `sent` later.
   * @throws {WsaError} when the connection is broken.
   */
  send(chunks: readonly Uint8Array[]): boolean {
    const isAllSent = this.writeSide.send(this.link?.skt, chunks, true);
    if (!isAllSent) this.link?.requestEvent(writeBit);
    return isAllSent;
  }

  end(): void {
    this.writeSide.isEnding = true;
    if (this.writeSide.bufferedBytes === 0) this.#finish();
  }

  close(): void {
    if (this.owner !== undefined && !this.isClosed) {
      this.owner.closeRequested();
      return;
    }
    this.#isClosing = true;
    if (this.link === undefined) this.over(undefined, false);
    else this.end();
  }

  /** Closes the connection. @param isHard closes it with a reset. */
  over(error: Error | undefined, isHard: boolean): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.error = error;
    this.writeSide.isEnding = true;
    this.writeSide.clear();
    this.idle.set(0);
    this.cancelConnect?.();
    try {
      this.link?.close(isHard);
    } finally {
      this.host.leave(this.#connection, true, this.#isRef);
      this.onOver?.();
      const { end } = diagnosticsChannels;
      if (end.hasSubscribers) {
        end.publish({ reactor: this.host.name, connection: this.#connection, error });
      }
      const pending = this.#pendingRead;
      this.#pendingRead = undefined;
      pending?.reject(error ?? closedError());
      this.owner?.closed();
      // The callback must not run inside the call that closed the connection.
      queueMicrotask(() => {
        this.onClose?.call(error);
        this.#resolveClosed?.();
      });
    }
  }

  setOption(option: 'noDelay' | 'keepAlive', isOn: boolean): void {
    const skt = this.link?.skt;
    if (this.isClosed || skt === undefined) return;
    try {
      if ('host' in skt.localEndpoint()) skt.setOption(option, isOn);
    } catch (error) {
      // As in Node. The peer may have reset the connection, which is reported as its end.
      if (!(error instanceof WsaError)) throw error;
    }
  }

  setRef(isRef: boolean): void {
    if (this.isClosed || this.#isRef === isRef) return;
    this.#isRef = isRef;
    this.host.changeRef(isRef);
  }

  /** The poller reported bytes or the end of the stream. */
  readable(isEnd: boolean): void {
    if (isEnd) this.readSide.isEndConfirmed = true;
    if (this.#isReading) this.#serve();
  }

  /** The poller reported room to send. */
  writable(): void {
    const link = this.link as StreamLink;
    try {
      const before = this.writeSide.bufferedBytes;
      const result = this.writeSide.flush(link.skt);
      this.host.engine.served(before - this.writeSide.bufferedBytes);
      this.idle.touch();
      if (result !== 'empty') {
        link.requestEvent(writeBit);
        return;
      }
    } catch (error) {
      this.failed(transferError('write', error));
      return;
    }
    if (this.writeSide.isEnding) this.#finish();
    const { needsDrain } = this.writeSide;
    this.writeSide.needsDrain = false;
    if (!needsDrain || this.isClosed) return;
    if (this.owner === undefined) this.onDrain?.call(this.#connection);
    else {
      this.host.engine.yieldAfterTurn();
      this.owner.sent();
    }
  }

  /** The engine lets this connection try to receive. */
  tried(): void {
    if (!this.#isReading) return;
    const { speculation } = this.readSide;
    if (speculation.isWorthATry()) speculation.note(this.#serve() !== 'blocked');
    else this.link?.requestEvent(readBit);
  }

  failed(error: Error): void {
    if (this.owner === undefined) {
      this.over(error, false);
      return;
    }
    this.host.engine.yieldAfterTurn();
    this.owner.failed(error);
  }

  /** True while the program waits for bytes. */
  get #isReading(): boolean {
    if (this.isClosed || this.readSide.isEnded) return false;
    if (this.owner !== undefined) return this.isFlowing;
    return this.onReadable !== undefined || this.#pendingRead !== undefined;
  }

  #receive(into: Uint8Array): number | WouldBlock {
    const skt = this.link?.skt;
    if (this.isClosed || skt === undefined) return this.readSide.isEnded ? 0 : wouldBlock;
    try {
      return this.readSide.receive(skt, into);
    } catch (error) {
      this.failed(transferError('read', error));
      return wouldBlock;
    }
  }

  /** Lets the program read, within a new budget. */
  #serve(): Outcome {
    const { readSide } = this;
    readSide.begin();
    const pending = this.#pendingRead;
    if (this.owner !== undefined) this.owner.readable();
    else if (pending === undefined) this.onReadable?.call(this.#connection);
    else this.#continueRead(pending);
    const outcome = readSide.end();
    if (outcome === 'served' && this.owner !== undefined) this.host.engine.yieldAfterTurn();
    this.host.engine.served(readSide.served);
    this.#settle(outcome);
    return outcome;
  }

  #continueRead(pending: PendingRead): void {
    const count = this.#receive(pending.into);
    if (count === wouldBlock) return;
    this.#pendingRead = undefined;
    pending.resolve(count);
  }

  /** Continues after a read: ends the connection, polls, or schedules another try. */
  #settle(outcome: Outcome): void {
    if (this.isClosed) return;
    if (outcome === 'served') this.idle.touch();
    if (this.readSide.isEnded) {
      if (this.owner !== undefined) return;
      if (!this.#options.allowHalfOpen && !this.writeSide.isEnding) this.end();
      else if (this.writeSide.isFinSent) this.over(undefined, false);
    } else if (outcome === 'blocked') {
      if (this.#isReading) this.link?.requestEvent(readBit);
    } else if (outcome === 'served' && this.#isReading) {
      this.#tryLater();
    }
  }

  /**
   * Lets the connection try to receive later. With an owner that is in the next turn, because
   * Node's streams rely on it that ticks and promises run between two reads.
   */
  #tryLater(): void {
    this.link?.tryLater(this.owner !== undefined);
  }

  /**
   * Called when all bytes are sent and the program writes no more: shuts down the sending side.
   */
  #finish(): void {
    const { writeSide, link } = this;
    if (this.isClosed || link === undefined) return;
    // If the peer has ended its side, too, the shutdown is not needed: the close below sends the
    // same FIN. It cannot become a reset, because no byte is unread.
    if (!writeSide.isFinSent && (!this.readSide.isEnded || this.owner !== undefined)) {
      try {
        link.skt.shutdown('send');
      } catch (error) {
        // A stream of Node ignores it: a read reports that the connection is broken.
        if (this.owner === undefined) {
          this.failed(transferError('write', error));
          return;
        }
      }
      writeSide.isFinSent = true;
    }
    if (this.owner !== undefined) return;
    if (this.readSide.isEnded || this.#isClosing) this.over(undefined, false);
  }
}

function closedError(): ReactorError {
  return new ReactorError('ERR_REACTOR_CLOSED', 'This connection is closed.');
}
