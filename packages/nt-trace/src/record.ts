import type { FunctionName, NativeArgument } from 'ntdllx/trace';

/** One argument of a call. */
export interface TraceArgument {
  /** NT's name of the parameter. */
  readonly name: string;
  /** Its type in the header, such as `PIO_STATUS_BLOCK`. */
  readonly type: string;
  /** As it was passed. */
  readonly value: NativeArgument;
  /** For people: `socket#1`, `null`, `&iosb#1`, `&info#1 {Timeout=never, ...}`. */
  readonly text: string;
}

/** One socket in a poll, or in its answer. */
export interface PolledSocket {
  readonly handle: bigint;
  /** The handle by name, such as `socket#1`. */
  readonly socket: string;
  /** AFD_POLL_* bits: asked for in a request, true in an answer. */
  readonly mask: number;
  /** The same by name: `ACCEPT`, `ABORT`. */
  readonly events: readonly string[];
  /** In an answer: why a connect failed; 0 otherwise. */
  readonly status: number;
}

/** An AFD_POLL_INFO. */
export interface PollInfo {
  /** In 100 ns: negative from now, positive a point in time, INT64_MAX never. */
  readonly timeout100ns: bigint;
  readonly exclusive: number;
  readonly numberOfHandles: number;
  /** As many of the sockets as were copied: 256 at the most. */
  readonly sockets: readonly PolledSocket[];
}

/** What a call of NtDeviceIoControlFile and its like may bring later. */
export interface RequestFate {
  /** `due`: a packet comes, or came. `none`: never. `unknown`: the trace does not show it. */
  readonly packet: 'due' | 'none' | 'unknown';
  /** Why not `due`; empty otherwise. */
  readonly reason: string;
}

/** A call. */
export interface CallRecord {
  readonly kind: 'call';
  /** Which call of the process it is; unique, in the order in which calls were started. */
  readonly number: number;
  readonly threadId: number;
  readonly function: FunctionName;
  readonly args: readonly TraceArgument[];
  readonly result: { readonly value: NativeArgument; readonly text: string };
  /** By name, for Winsock and kernel32: what the program itself asked for just afterwards. */
  readonly error?: string;
  /** Microseconds on the monotonic clock. */
  readonly startUs: number;
  readonly durationUs: number;
  /** For an AFD_POLL: what it asks. */
  readonly poll?: PollInfo;
  /** For an AFD_POLL that succeeded at once: its answer. */
  readonly answer?: PollInfo;
  /** For a request, a post or an associated wait packet that was not refused. */
  readonly fate?: RequestFate;
}

/** A packet that a call took off a port. */
export interface PacketRecord {
  readonly kind: 'packet';
  /** The call of NtRemoveIoCompletionEx that took it, and its place among what that call took. */
  readonly removedBy: number;
  readonly index: number;
  readonly threadId: number;
  /** The port by name. */
  readonly port: string;
  readonly keyContext: bigint;
  readonly apcContext: bigint;
  readonly status: number;
  readonly information: bigint;
  /** The same for people, in NT's names and order. */
  readonly fields: readonly { readonly name: string; readonly text: string }[];
  /** When the call that took it returned. */
  readonly atUs: number;
  /** The call that asked for it; absent when that was not seen. */
  readonly request?: {
    readonly number: number;
    readonly function: FunctionName;
    /** From the start of that call until {@link atUs}. */
    readonly sinceUs: number;
  };
  /** For a poll of the thread that took it, if it ended well: its answer. */
  readonly answer?: PollInfo;
}

/** A line of a trace. */
export type TraceRecord = CallRecord | PacketRecord;
