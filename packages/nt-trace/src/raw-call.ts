import type { FunctionName, NativeArgument } from 'ntdllx/trace';

/** Copies of memory, each by the parameter that names it. */
export type Memory = Readonly<Record<string, Uint8Array>>;

/** One foreign call as it was seen, before anything is made of it. Survives a structured clone. */
export interface RawCall {
  /** Which call of the process it is: 1 is the first. Given when the call starts. */
  readonly number: number;
  readonly threadId: number;
  readonly name: FunctionName;
  readonly args: readonly NativeArgument[];
  readonly result: NativeArgument;
  /** Monotonic, the same clock in all threads. */
  readonly startUs: number;
  readonly durationUs: number;
  /** What the program's own WSAGetLastError or GetLastError said, when it asked next. */
  readonly errorCode?: number;
  /** What the arguments named just before the call. */
  readonly before: Memory;
  /** What they named just after it, if it succeeded. */
  readonly after: Memory;
  /** For each packet that was removed: what its poll of this thread left in its output buffer. */
  readonly outputs?: readonly (Uint8Array | undefined)[];
}
