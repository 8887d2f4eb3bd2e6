import { showValue } from 'ntdllx';
import type { StreamSkt } from 'tofu-sockets';
import type { BufferedBytes } from './buffered-bytes.js';
import { type Bytes, chunksOf, copyOf } from './bytes.js';
import { ReactorError } from './errors.js';
import { type FlushResult, sendNow, WriteQueue } from './write-queue.js';

/** Options of a write. */
export interface WriteOptions {
  /**
   * Keeps references to the bytes that the system does not take at once, instead of copies. The
   * caller must not change the bytes until `bufferedBytes` is 0. Default false.
   */
  readonly keep?: boolean;
}

/** The sending half of a connection: its unsent bytes and their limits. */
export class WriteSide {
  readonly #queue = new WriteQueue();
  readonly #limit: number;
  readonly #all: BufferedBytes;
  #counted = 0;
  #accepted = 0;
  /** True if no more bytes may be written. */
  isEnding = false;
  /** True after the sending side was shut down. */
  isFinSent = false;
  /** True if a write has returned false since the queue was last empty. */
  needsDrain = false;

  /**
   * @param limit how many unsent bytes this connection may have. @param all counts those of all
   *   connections.
   */
  constructor(limit: number, all: BufferedBytes) {
    this.#limit = limit;
    this.#all = all;
  }

  /** How many bytes are unsent. */
  get bufferedBytes(): number {
    return this.#queue.byteLength;
  }

  /** How many bytes were written, including unsent ones. */
  get bytesWritten(): number {
    return this.#accepted;
  }

  /**
   * Sends the bytes that the system takes at once, and buffers the rest.
   *
   * @param skt undefined before the connection is established; then all bytes are buffered.
   * @returns true if no byte is left to send.
   * @throws {ReactorError} for another type, and at the limits; then nothing was written.
   * @throws {WsaError} when the connection is broken.
   */
  write(skt: StreamSkt | undefined, data: Bytes, options?: WriteOptions): boolean {
    const chunks = chunksOf(data);
    if (options !== undefined) requireWriteOptions(options);
    this.#requireRoom();
    return this.send(skt, chunks, options?.keep === true);
  }

  /**
   * Like {@link write}, for checked chunks and without a limit.
   *
   * @param isKept true: the unsent chunks are not copied.
   */
  send(skt: StreamSkt | undefined, chunks: readonly Uint8Array[], isKept: boolean): boolean {
    for (const chunk of chunks) this.#accepted += chunk.byteLength;
    if (skt === undefined || this.#queue.byteLength > 0) {
      for (const chunk of chunks) this.#queue.push(isKept ? chunk : copyOf(chunk));
    } else if (chunks.length === 1) {
      const only = chunks[0] as Uint8Array;
      const sent = sendNow(skt, only);
      if (sent === only.byteLength) return true;
      this.#queue.push(isKept ? only.subarray(sent) : copyOf(only, sent));
    } else {
      for (const chunk of chunks) this.#queue.push(chunk);
      if (this.#queue.flush(skt) === 'empty') return true;
      if (!isKept) this.#queue.own();
    }
    this.#count();
    this.needsDrain = this.#queue.byteLength > 0;
    return !this.needsDrain;
  }

  /** Sends the buffered bytes. @throws {WsaError} when the connection is broken. */
  flush(skt: StreamSkt): FlushResult {
    try {
      return this.#queue.flush(skt);
    } finally {
      this.#count();
    }
  }

  /** Drops the unsent bytes, because the connection is closed. */
  clear(): void {
    this.#accepted -= this.#queue.byteLength;
    this.#queue.clear();
    this.#count();
  }

  #requireRoom(): void {
    const [own, all] = [this.#queue.byteLength, this.#all.bytes];
    if (own < this.#limit && all < this.#all.limit) return;
    const which = own < this.#limit ? 'all connections together have' : 'this connection has';
    throw new ReactorError(
      'ERR_REACTOR_BUFFER_FULL',
      `write refused the bytes: ${which} ${own < this.#limit ? all : own} unsent bytes. Stop ` +
        'writing when write returns false, and continue in onDrain.',
    );
  }

  #count(): void {
    this.#all.add(this.#queue.byteLength - this.#counted);
    this.#counted = this.#queue.byteLength;
  }
}

function requireWriteOptions(options: WriteOptions): void {
  const isFit = typeof options === 'object' && options !== null;
  if (isFit && ['undefined', 'boolean'].includes(typeof options.keep)) return;
  throw new ReactorError(
    'ERR_REACTOR_ARGUMENT',
    `The options of write must be { keep: true } or { keep: false }, got ${showValue(options)}.`,
  );
}
