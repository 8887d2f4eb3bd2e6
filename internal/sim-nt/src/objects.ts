// The kernel's objects: ports, files, sockets, and polls. Their types refer to each other, so they
// share a file.
import type { NTSTATUS, PointerSized } from 'ntdllx';
import type { SimBlock } from './block.js';
import type { Planned } from './clock.js';

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
  /** The completed request; undefined for a posted packet. */
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

/** The name of one end: an address as text and a port; for AF_UNIX a path without a port. */
export interface Name {
  readonly family: number;
  /** The address in ipaddr.js' form, without a zone; or the path as the program gave it. */
  readonly host: string;
  /** 0 for AF_UNIX. */
  readonly port: number;
}

/** The common part of all simulated sockets. */
export abstract class SimSocket extends FileObject {
  readonly family: number;
  abstract readonly isStream: boolean;
  /** The polls that wait for this socket. */
  readonly polls: PollEntry[] = [];
  /** Options by level * 65536 + name. */
  readonly options = new Map<number, number>();
  isNonBlocking = false;
  isClosed = false;
  /** IPV6_V6ONLY, which is on by default. */
  isV6Only = true;
  local: Name | undefined;
  remote: Name | undefined;
  /** The status that is reported with AFD_POLL_CONNECT_FAIL. */
  failure = 0;

  constructor(family: number) {
    super();
    this.family = family;
  }

  /** The current AFD_POLL_* bits. */
  abstract get bits(): number;
}

/** One socket of a poll. */
export interface PollEntry {
  readonly request: PollRequest;
  readonly socket: SimSocket;
  /** The handle as the program wrote it; it is returned unchanged. */
  readonly handle: number;
  readonly mask: number;
}

/** Bytes that a request names. */
export interface Pinned {
  readonly block: SimBlock;
  readonly offset: number;
  readonly byteLength: number;
}

/** An AFD_POLL from its submission until its packet is taken. */
export interface PollRequest {
  /** The number of the poll, from 1, for messages. */
  readonly number: number;
  readonly file: FileObject;
  readonly handle: number;
  readonly context: PointerSized;
  readonly iosb: number;
  readonly output: number;
  /** Timeout, low and high, and Exclusive, if the output has its own buffer. */
  readonly header: readonly [number, number, number] | undefined;
  readonly isExclusive: boolean;
  readonly armedMs: number;
  readonly entries: PollEntry[];
  readonly pinned: Pinned[];
  timer: Planned | undefined;
  /** Its index in the list of all pending polls; -1 if it is not in the list. */
  index: number;
}
