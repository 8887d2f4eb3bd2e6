import type { FunctionName, NativeArgument } from 'ntdllx/trace';

/** Copies of memory, by the parameter that points to it. */
export type Memory = Readonly<Record<string, Uint8Array>>;

/** One foreign call as the recorder captured it, not yet decoded. It can be sent to another thread. */
export interface RawCall {
  /** The call's number, given when it starts. The first call of the process has 1. */
  readonly number: number;
  /** Node's id of the calling thread: 0 is the main thread. */
  readonly threadId: number;
  /** The called function. */
  readonly name: FunctionName;
  /** The arguments, in order. */
  readonly args: readonly NativeArgument[];
  /** The result. An NTSTATUS is unsigned. */
  readonly result: NativeArgument;
  /** Start, in microseconds on the monotonic clock that all threads share. */
  readonly startUs: number;
  /** How long the call took, in microseconds. */
  readonly durationUs: number;
  /** What WSAGetLastError or GetLastError returned, if the program called it next. */
  readonly errorCode?: number;
  /** The memory of the inputs just before the call. */
  readonly before: Memory;
  /** The memory of the outputs just after the call, if it succeeded. */
  readonly after: Memory;
  /** For each removed packet: the output buffer of its poll, if this thread submitted the poll. */
  readonly outputs?: readonly (Uint8Array | undefined)[];
}

/** A name that the program gave to one of its handles. */
export interface HandleLabel {
  /** The value of the handle. */
  readonly handle: bigint;
  /** The program's name for it. */
  readonly label: string;
  /** The number of the last call before the program gave the name. */
  readonly number: number;
}
