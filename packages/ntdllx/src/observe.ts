import { isUint8Array } from 'node:util/types';
import { threadId } from 'node:worker_threads';
import type { ForeignArgument, ForeignFunction, NativeArgument } from './foreign-function.js';
import type { FunctionName, Prototype } from './prototypes.js';

/** A foreign call, just before it is made. */
export interface StartedCall {
  /** The function, by NT's name. */
  readonly name: FunctionName;
  /** The function's row of the table: its DLL, result type, and parameters by name and type. */
  readonly prototype: Prototype;
  /** The arguments, one for each parameter. For a Uint8Array this is its length in bytes. */
  readonly args: readonly NativeArgument[];
  /** Node's id of the calling thread: 0 is the main thread. */
  readonly threadId: number;
}

/** A foreign call that returned. */
export interface ObservedCall extends StartedCall {
  /** What the function returned. An NTSTATUS is unsigned. */
  readonly result: NativeArgument;
  /** When the call started, in microseconds, on the monotonic clock that all threads share. */
  readonly startUs: number;
  /** How long the call took, in microseconds, without the observer's own work. */
  readonly durationUs: number;
}

/**
 * Observes each foreign call of one thread. Neither method may make foreign calls, because these
 * would change what WSAGetLastError and GetLastError return to the program. An observer that needs
 * the memory of a call must copy it at once: while a request is pending, the kernel owns that
 * memory.
 */
export interface CallObserver {
  /** Just before the call. The caller still owns the memory that the arguments point to. */
  before?(call: StartedCall): void;
  /**
   * Just after the call, before the caller gets the result. Not called if the call was not made.
   */
  after(call: ObservedCall): void;
  /** The program gave a name to a handle of its own. */
  named?(handle: NativeArgument, name: string): void;
}

/**
 * The observer to report calls to; undefined also while that observer's own code runs. Without an
 * observer, this is the only variable that a call reads.
 */
export let observer: CallObserver | undefined;

/** The observer installed in this thread. Calls that it makes itself are not reported to it. */
let listener: CallObserver | undefined;

/** Installs an observer. @returns false if this thread already has one. */
export function listen(next: CallObserver): boolean {
  if (listener !== undefined) return false;
  listener = next;
  observer = next;
  return true;
}

/** Removes an observer; does nothing if it is not the installed one. */
export function unlisten(former: CallObserver): void {
  if (listener !== former) return;
  listener = undefined;
  observer = undefined;
}

const nowUs = () => Number(process.hrtime.bigint()) / 1_000;

/**
 * Runs a method of the observer. If it throws, the observer is removed and the program continues.
 */
function notify(called: CallObserver, method: () => void): void {
  // Otherwise each foreign call of the observer would be reported to it, in an endless recursion.
  observer = undefined;
  try {
    method();
  } catch (error) {
    unlisten(called);
    const thrown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`An observer of foreign calls threw and was removed: ${thrown}`);
  }
  observer = listener;
}

/** Reports the program's name for a handle to the observer of this thread, if there is one. */
export function nameHandle(handle: NativeArgument, name: string): void {
  const called = observer;
  if (called?.named !== undefined) notify(called, () => called.named?.(handle, name));
}

/** Reads the length by the built-in getter, so that an override by the caller does not run. */
const shown = (arg: ForeignArgument) =>
  isUint8Array(arg) ? Number(Reflect.get(Uint8Array.prototype, 'byteLength', arg)) : arg;

/** Makes a call and reports it to the observer. */
export function callObserved(target: ForeignFunction, args: ForeignArgument[]): NativeArgument {
  const called = observer as CallObserver;
  const { name, prototype } = target;
  const started: StartedCall = { name, prototype, args: args.map(shown), threadId };
  if (called.before !== undefined) notify(called, () => called.before?.(started));
  // Loading the function is not part of the call's duration.
  target.load();
  const startUs = nowUs();
  const result = target.call(...args);
  const durationUs = nowUs() - startUs;
  if (observer === called)
    notify(called, () => called.after({ ...started, result, startUs, durationUs }));
  return result;
}
