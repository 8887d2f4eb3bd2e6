import type { NTSTATUS, PointerSized } from 'ntdllx';
import type { PollRequest } from './poll-request.js';

/** An object to which a handle can refer. */
export abstract class KernelObject {
  /** The number of handles of this object. */
  handles = 0;
}

/** One packet on a port. */
export interface Packet {
  readonly key: PointerSized;
  readonly context: PointerSized;
  readonly status: NTSTATUS;
  readonly information: PointerSized;
  /** The request that it completes; undefined for a posted packet. */
  readonly request: PollRequest | undefined;
}

/** A completion port: packets, first in, first out. */
export class Port extends KernelObject {
  #queue: Packet[] = [];
  #first = 0;

  get depth(): number {
    return this.#queue.length - this.#first;
  }

  push(packet: Packet): void {
    this.#queue.push(packet);
  }

  shift(): Packet | undefined {
    const packet = this.#queue[this.#first];
    if (packet === undefined) return undefined;
    this.#first += 1;
    if (this.#first > 512 && this.#first * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
    return packet;
  }
}

/** An open file: a handle of the socket driver, or a socket. */
export class FileObject extends KernelObject {
  /** The port to which its requests post; it never changes. */
  port: Port | undefined;
  key: PointerSized = 0;
  /** FILE_SKIP_* flags, which cannot be cleared. */
  flags = 0;
  /** Only an overlapped file can be associated with a port. */
  isOverlapped = true;
  /** The pending polls that were submitted on this file. */
  readonly pending = new Set<PollRequest>();
}
