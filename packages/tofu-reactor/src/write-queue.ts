import { type StreamSkt, type WouldBlock, wouldBlock } from 'tofu-sockets';
import { copyOf } from './bytes.js';

/** Consecutive small chunks are sent together, up to this many bytes. */
const coalesceBytes = 65_536;
/** The largest number of bytes of one flush, so that a fast peer does not starve the others. */
const flushBytes = 1_048_576;

/** The buffer to which small chunks are copied before they are sent; used only during a send. */
let scratch: Uint8Array | undefined;

/** How a flush ended. */
export type FlushResult = 'empty' | 'blocked' | 'budget';

/** Unsent chunks, in order. */
export class WriteQueue {
  #chunks: Uint8Array[] = [];
  #first = 0;
  #byteLength = 0;

  /** How many bytes are unsent. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Adds a chunk by reference, without a copy. */
  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.#byteLength += chunk.byteLength;
  }

  /** Replaces the chunks by copies, so that the caller may change the bytes. */
  own(): void {
    for (let index = this.#first; index < this.#chunks.length; index += 1) {
      this.#chunks[index] = copyOf(this.#chunks[index] as Uint8Array);
    }
  }

  /** Drops all chunks. */
  clear(): void {
    this.#chunks = [];
    this.#first = 0;
    this.#byteLength = 0;
  }

  /**
   * Sends until no byte is left, the socket would block, or the budget is used up.
   * @throws {WsaError} when the connection is broken.
   */
  flush(skt: StreamSkt): FlushResult {
    let left = flushBytes;
    while (this.#byteLength > 0) {
      if (left <= 0) return 'budget';
      const next = this.#next();
      const sent = skt.send(next);
      if (sent === wouldBlock) return 'blocked';
      this.#drop(sent);
      left -= sent;
    }
    return 'empty';
  }

  /** The next bytes to send: one chunk, or several small consecutive ones. */
  #next(): Uint8Array {
    const first = this.#chunks[this.#first] as Uint8Array;
    const second = this.#chunks[this.#first + 1];
    if (second === undefined || first.byteLength + second.byteLength > coalesceBytes) return first;
    scratch ??= new Uint8Array(coalesceBytes);
    let length = 0;
    for (let index = this.#first; index < this.#chunks.length; index += 1) {
      const chunk = this.#chunks[index] as Uint8Array;
      if (length + chunk.byteLength > coalesceBytes) break;
      scratch.set(chunk, length);
      length += chunk.byteLength;
    }
    return scratch.subarray(0, length);
  }

  #drop(sent: number): void {
    this.#byteLength -= sent;
    let left = sent;
    while (left > 0) {
      const first = this.#chunks[this.#first] as Uint8Array;
      if (left < first.byteLength) {
        this.#chunks[this.#first] = first.subarray(left);
        return;
      }
      left -= first.byteLength;
      this.#first += 1;
    }
    if (this.#first < this.#chunks.length) {
      if (this.#first < 64) return;
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
      return;
    }
    this.#chunks = [];
    this.#first = 0;
  }
}

/**
 * Sends one chunk until all of it is sent or the socket would block.
 *
 * @returns how many bytes were sent.
 */
export function sendNow(skt: StreamSkt, bytes: Uint8Array): number {
  let sent = 0;
  while (sent < bytes.byteLength) {
    const taken: number | WouldBlock = skt.send(sent === 0 ? bytes : bytes.subarray(sent));
    if (taken === wouldBlock) break;
    sent += taken;
  }
  return sent;
}
