import { isUint8Array } from 'node:util/types';
import { threadId } from 'node:worker_threads';
import type { ForeignArgument, ForeignFunction, NativeArgument } from './foreign-function.js';
import type { FunctionName, Prototype } from './prototypes.js';

/** A foreign call that is about to be made. */
export interface StartedCall {
  readonly name: FunctionName;
  /** Its row of the table: the DLL, what it returns, its parameters by name and type, in order. */
  readonly prototype: Prototype;
  /** As the caller passed them, one for each parameter; of bytes, how many there are. */
  readonly args: readonly NativeArgument[];
  /** The thread of Node that calls: 0 is the main one. */
  readonly threadId: number;
}

/** A foreign call that returned. */
export interface ObservedCall extends StartedCall {
  /** What it returned: an NTSTATUS is unsigned. */
  readonly result: NativeArgument;
  /** When it was made, in microseconds, on the monotonic clock that all threads share. */
  readonly startUs: number;
  /** How long it took, in microseconds, without what the observer does itself. */
  readonly durationUs: number;
}

/**
 * Sees each foreign call of one thread. Neither method makes foreign calls: they would change what
 * WSAGetLastError and GetLastError say to the program. What memory says is to be copied at once; after
 * a request that is pending it is the kernel's.
 */
export interface CallObserver {
  /** Just before the call. The memory that the arguments name is still the caller's. */
  before?(call: StartedCall): void;
  /** Just after it, before the caller has the result. Not called when the call could not be made. */
  after(call: ObservedCall): void;
}

/** The active observer. Without one, reading this is the only cost of a call. */
export let observer: CallObserver | undefined;

/** This thread's observer; calls that it makes while it handles a call are not observed. */
let listener: CallObserver | undefined;

/** Sets the observer, or removes it. @returns false when there is one already. */
export function listen(next: CallObserver): boolean {
  if (listener !== undefined) return false;
  listener = next;
  observer = next;
  return true;
}

/** Removes it, unless there is another observer by now. */
export function unlisten(former: CallObserver): void {
  if (listener !== former) return;
  listener = undefined;
  observer = undefined;
}

const nowUs = () => Number(process.hrtime.bigint()) / 1_000;

/** Calls a method of the observer. One that throws is not called again, and the program goes on. */
function notify(called: CallObserver, method: () => void): void {
  // What it might call would end up here again.
  observer = undefined;
  try {
    method();
  } catch (error) {
    unlisten(called);
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`An observer of foreign calls threw, and is not asked again: ${said}`);
  }
  observer = listener;
}

/** By the length of the array's own slot: the caller's code is not to run between check and call. */
const shown = (arg: ForeignArgument) =>
  isUint8Array(arg) ? Number(Reflect.get(Uint8Array.prototype, 'byteLength', arg)) : arg;

/** Makes a call while there is an observer. */
export function callObserved(target: ForeignFunction, args: ForeignArgument[]): NativeArgument {
  const called = observer as CallObserver;
  const { name, prototype } = target;
  const started: StartedCall = { name, prototype, args: args.map(shown), threadId };
  if (called.before !== undefined) notify(called, () => called.before?.(started));
  // Not part of the time that the call takes.
  target.load();
  const startUs = nowUs();
  const result = target.call(...args);
  const durationUs = nowUs() - startUs;
  if (observer === called)
    notify(called, () => called.after({ ...started, result, startUs, durationUs }));
  return result;
}
