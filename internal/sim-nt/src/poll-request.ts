import type { PointerSized } from 'ntdllx';
import type { SimBlock } from './block.js';
import type { Planned } from './clock.js';
import type { FileObject } from './objects.js';
import type { SimSocket } from './sim-socket.js';

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
  /** Counted from 1, for messages. */
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
