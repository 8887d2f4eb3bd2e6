import { showValue } from 'ntdllx';
import type { StreamSkt } from 'tofu-sockets';
import type { BufferedBytes } from './buffered-bytes.js';
import { type Bytes, chunksOf, copyOf } from './bytes.js';
import { ReactorError } from './errors.js';
import { type FlushResult, sendNow, WriteQueue } from './write-queue.js';

/** How a write treats the bytes. */
export interface WriteOptions {
  /**
   * Keeps references to what the system does not take at once, instead of copies. The caller leaves the
   * bytes unchanged until `bufferedBytes` is 0. Default false.
   */
  readonly keep?: boolean;
}

/** The sending half of a connection: what waits to be sent, and its limits. */
export class WriteSide {
  readonly #queue = new WriteQueue();
  readonly #limit: number;
  readonly #all: BufferedBytes;
  #counted = 0;
  #accepted = 0;
  /** Nothing more may be written. */
  isEnding = false;
  /** The peer was sent the end. */
  isFinSent = false;
  /** A write returned false since the queue was empty. */
  needsDrain = false;

  /** @param limit how many bytes may wait here. @param all those of all connections. */
  constructor(limit: number, all: BufferedBytes) {
    this.#limit = limit;
    this.#all = all;
  }

  /** How many bytes wait. */
  get bufferedBytes(): number {
    return this.#queue.byteLength;
  }

  /** How many bytes were written, those included that wait. */
  get bytesWritten(): number {
    return this.#accepted;
  }

  /**
   * Sends at once what the system takes, and keeps the rest.
   *
   * @param skt undefined while there is none: everything waits.
   * @returns true if nothing is left.
   * @throws {ReactorError} for what is no bytes, and at the limits: nothing was written then.
   * @throws {WsaError} when the connection is broken.
   */
  write(skt: StreamSkt | undefined, data: Bytes, options?: WriteOptions): boolean {
    const chunks = chunksOf(data);
    if (options !== undefined) requireWriteOptions(options);
    this.#requireRoom();
    for (const chunk of chunks) this.#accepted += chunk.byteLength;
    const isKept = options?.keep === true;
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

  /** Sends what waits. @throws {WsaError} when the connection is broken. */
  flush(skt: StreamSkt): FlushResult {
    try {
      return this.#queue.flush(skt);
    } finally {
      this.#count();
    }
  }

  /** Forgets what waits: the connection is closed. */
  clear(): void {
    this.#accepted -= this.#queue.byteLength;
    this.#queue.clear();
    this.#count();
  }

  #requireRoom(): void {
    const [own, all] = [this.#queue.byteLength, this.#all.bytes];
    if (own < this.#limit && all < this.#all.limit) return;
    const which = own < this.#limit ? 'all connections have' : 'this connection has';
    throw new ReactorError(
      'ERR_REACTOR_BUFFER_FULL',
      `Not written: ${which} ${own < this.#limit ? all : own} bytes waiting to be sent. ` +
        'Stop writing when write returns false, and go on in onDrain.',
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
    `write takes { keep: true or false } as its options, got ${showValue(options)}.`,
  );
}
