import {
  AFD_POLL_INFO,
  type HANDLE,
  INT64_MAX,
  IO_STATUS_BLOCK,
  type Kernel,
  type NativeMemory,
  ntStatusName,
  type PointerSized,
  STATUS_PENDING,
} from 'ntdllx';
import { pollBlockBytes, pollInfoOffset } from './poll.js';

/** Every bit of a poll's mask. */
export const everything = 0x1ff;

/** Parameters of a poll that differ from the default. */
export interface PollOptions {
  /** The handle on which the poll is submitted. Default: the poller's own handle to AFD. */
  readonly on?: HANDLE;
  /** The Timeout field, in units of 100 ns. Default: no time-out. */
  readonly timeout100ns?: bigint;
  /** Default: the address of the poll's IO_STATUS_BLOCK. */
  readonly apcContext?: PointerSized;
  /** An event that the kernel clears now and sets at the end. Default: none. */
  readonly event?: HANDLE;
  /** Ends the other exclusive polls of these sockets. Default: false. */
  readonly isExclusive?: boolean;
  /** Uses separate input and output buffers. */
  readonly hasTwoBuffers?: boolean;
  /** Values to pass instead of the right ones. */
  readonly lies?: {
    /** NumberOfHandles. */
    readonly count?: number;
    /** InputBufferLength, in bytes. */
    readonly inLength?: number;
    /** OutputBufferLength, in bytes. */
    readonly outLength?: number;
    /** Handles to poll in place of those of the sockets, by index. */
    readonly handles?: readonly (HANDLE | bigint)[];
  };
}

/** A socket, as far as a poll needs it. */
export interface PolledSocket {
  /** False once it was closed. */
  readonly isOpen: boolean;
  /** The socket's own handle. */
  readonly socket: HANDLE | bigint;
  /** The socket's base handle. */
  baseHandle(): HANDLE;
}

/** What a poll can wait for: a socket, or any value in place of a socket's handle. */
export type Polled = PolledSocket | HANDLE | bigint;

/** One entry of a poll's output. */
export interface Reported {
  /** The base handle that the kernel reports. */
  readonly handle: bigint;
  /**
   * Undefined if the socket was closed since the submit, or if the poll got a value instead of a
   * socket.
   */
  readonly skt: PolledSocket | undefined;
  /** The AFD_POLL_* bits that are true. */
  readonly events: number;
  /** The entry's Status, by NT's name. */
  readonly status: string;
}

/**
 * A submitted poll. The kernel owns its memory until the poll ended and its packet was removed.
 */
export class Poll {
  /** The native memory of all the structures below. */
  readonly memory: NativeMemory;
  /** The handle on which the poll was submitted. */
  readonly on: HANDLE;
  /** Where the kernel writes the result of the request. */
  readonly iosb: IO_STATUS_BLOCK;
  /** The request. */
  readonly input: AFD_POLL_INFO;
  /** The reported sockets; the same memory as {@link input}, unless there are two buffers. */
  readonly output: AFD_POLL_INFO;
  /** The length of each AFD_POLL_INFO, in bytes. */
  readonly byteLength: number;
  readonly #of: readonly Polled[];

  constructor(kernel: Kernel, on: HANDLE, of: readonly Polled[], mask: number, o: PollOptions) {
    this.on = on;
    this.#of = of;
    this.byteLength = AFD_POLL_INFO.byteLength(of.length);
    const handles = of.map((each) => (typeof each === 'object' ? each.baseHandle() : each));
    this.memory = kernel.allocate(pollBlockBytes(of.length) + this.byteLength);
    this.memory.fill(0);
    this.iosb = new IO_STATUS_BLOCK(this.memory, 0);
    this.iosb.Status = STATUS_PENDING;
    this.input = new AFD_POLL_INFO(this.memory, pollInfoOffset);
    const second = new AFD_POLL_INFO(this.memory, pollInfoOffset + this.byteLength);
    this.output = o.hasTwoBuffers ? second : this.input;
    this.input.Timeout = o.timeout100ns ?? INT64_MAX;
    this.input.NumberOfHandles = o.lies?.count ?? of.length;
    this.input.Exclusive = o.isExclusive ? 1 : 0;
    for (const [index, handle] of handles.entries()) {
      const entry = this.input.handle(index);
      entry.Handle = BigInt(o.lies?.handles?.[index] ?? handle);
      entry.Events = mask;
      entry.Status = 0xdead_beef;
    }
  }

  /** True until the kernel has written the result. */
  get isPending(): boolean {
    return this.iosb.Status === STATUS_PENDING;
  }

  /** The output's entries; NumberOfHandles is their number. */
  get reported(): Reported[] {
    return Array.from({ length: this.output.NumberOfHandles }, (_, index) => {
      const { Handle, Events, Status } = this.output.handle(index);
      const skt = this.#of.find(
        (each) => typeof each === 'object' && each.isOpen && BigInt(each.socket) === Handle,
      ) as PolledSocket | undefined;
      return { handle: Handle, skt, events: Events, status: ntStatusName(Status) };
    });
  }
}

/** A packet that was removed from the port. */
export interface Packet {
  /** The KeyContext: the key with which the file was associated. */
  readonly key: bigint;
  /** The value that the program gave with the request. */
  readonly apcContext: bigint;
  /** The poll with this ApcContext; undefined if there is none. */
  readonly poll: Poll | undefined;
  /** The Status of the request, by NT's name. */
  readonly status: string;
  /** The Information of the request: for a poll the bytes of its output. */
  readonly information: bigint;
}
