import type { FunctionName, NativeArgument } from 'ntdllx/trace';

/** One argument of a call. */
export interface TraceArgument {
  /** NT's name of the parameter. */
  readonly name: string;
  /** Its type in the header, such as `PIO_STATUS_BLOCK`. */
  readonly type: string;
  /** The argument that the program passed. */
  readonly value: NativeArgument;
  /** The argument as text: `socket#1`, `null`, `&iosb#1`, `&info#1 {Timeout=never, ...}`. */
  readonly text: string;
}

/** One socket in a poll's input or output. */
export interface PolledSocket {
  /** The socket's base handle. */
  readonly handle: bigint;
  /** The handle's name, such as `socket#1`. */
  readonly socket: string;
  /** AFD_POLL_* bits. In the input: the events to wait for. In the output: the events that are true. */
  readonly mask: number;
  /** The names of the bits, such as `ACCEPT` and `ABORT`. */
  readonly events: readonly string[];
  /** In the output: the reason why a connect failed; otherwise 0. */
  readonly status: number;
}

/** An AFD_POLL_INFO. */
export interface PollInfo {
  /**
   * In units of 100 ns. Negative: relative to now. Positive: absolute time. INT64_MAX: no
   * time-out.
   */
  readonly timeout100ns: bigint;
  /** 1 if the poll ends other exclusive polls of the sockets. */
  readonly exclusive: number;
  /** The field NumberOfHandles. It can exceed the number of {@link sockets}. */
  readonly numberOfHandles: number;
  /** The sockets that the recorder copied: at most 256. */
  readonly sockets: readonly PolledSocket[];
}

/** Whether the completion of a request, or a post, puts a packet on a port. */
export interface RequestCompletion {
  /**
   * `due`: a packet arrives, now or later. `none`: no packet arrives. `unknown`: the trace does not
   * show with which port the request's file is associated.
   */
  readonly packet: 'due' | 'none' | 'unknown';
  /** The reason for `none` or `unknown`; otherwise empty. */
  readonly reason: string;
}

/** The record of a call. */
export interface CallRecord {
  /** Distinguishes the two kinds of {@link TraceRecord}. */
  readonly kind: 'call';
  /** The call's number in the process: unique, in the order in which calls started. */
  readonly number: number;
  /** Node's id of the calling thread: 0 is the main thread. */
  readonly threadId: number;
  /** The called function, by NT's name. */
  readonly function: FunctionName;
  /** The arguments, in order. */
  readonly args: readonly TraceArgument[];
  /** What the function returned, as a number and as text. */
  readonly result: { readonly value: NativeArgument; readonly text: string };
  /**
   * For a failed call of Winsock or kernel32: the name of the error code, if the program's next
   * call asked for it.
   */
  readonly error?: string;
  /** Start, in microseconds on the monotonic clock. */
  readonly startUs: number;
  /** How long the call took, in microseconds. */
  readonly durationUs: number;
  /** For an AFD_POLL: its input. */
  readonly poll?: PollInfo;
  /** For an AFD_POLL that succeeded at once: its output. */
  readonly answer?: PollInfo;
  /**
   * Whether a packet arrives: for a request, a post (NtSetIoCompletion) or an association of a wait
   * completion packet, unless NT refused it.
   */
  readonly completion?: RequestCompletion;
}

/** The record of a packet that a call removed from a port. */
export interface PacketRecord {
  /** Distinguishes the two kinds of {@link TraceRecord}. */
  readonly kind: 'packet';
  /** The number of the NtRemoveIoCompletionEx call that removed the packet. */
  readonly removedBy: number;
  /** The packet's index among the packets that this call removed. */
  readonly index: number;
  /** Node's id of the thread that removed the packet. */
  readonly threadId: number;
  /** The port's name. */
  readonly port: string;
  /** The key that was given when the file was associated with the port, or the key of the post. */
  readonly keyContext: bigint;
  /** The ApcContext of the request, or of the post. */
  readonly apcContext: bigint;
  /** The NTSTATUS of the request, unsigned. */
  readonly status: number;
  /** The Information of the request: for a poll the bytes of its output. */
  readonly information: bigint;
  /** The four values as text, with NT's names and in NT's order. */
  readonly fields: readonly { readonly name: string; readonly text: string }[];
  /** When the call that removed the packet returned. */
  readonly atUs: number;
  /** The call that submitted the request or posted the packet; absent if it was not traced. */
  readonly request?: {
    readonly number: number;
    readonly function: FunctionName;
    /** From the start of that call until {@link atUs}. */
    readonly sinceUs: number;
  };
  /**
   * The poll's output, if the poll succeeded and the thread that removed the packet submitted it.
   */
  readonly answer?: PollInfo;
}

/** A record of a trace. */
export type TraceRecord = CallRecord | PacketRecord;
