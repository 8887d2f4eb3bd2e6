/**
 * Reports each foreign call to an observer, in order, with its arguments, result and time.
 *
 * Only calls through this package's functions are reported, and only those of the thread that
 * installed the observer. Every worker has its own bindings and needs its own observer. Native
 * calls that koffi or Node make themselves are not reported.
 *
 * @packageDocumentation
 */
import { type CallObserver, listen, unlisten } from './observe.js';

export type { NativeArgument } from './foreign-function.js';
export { readMemory } from './native-memory.js';
export type { CallObserver, ObservedCall, StartedCall } from './observe.js';
export { nameHandle } from './observe.js';
export type { FunctionName, Parameter, Prototype } from './prototypes.js';
export { prototypes } from './prototypes.js';

/**
 * Reports each foreign call of this thread to an observer from now on. Without an observer, a call
 * costs one more comparison and allocates nothing.
 *
 * An observer that throws is removed, and a process warning says what it threw. The reported call
 * and its result are not affected.
 *
 * @returns a function that removes the observer. Calling it again does nothing.
 * @throws {Error} if this thread already has an observer.
 */
export function observeCalls(next: CallObserver): () => void {
  if (!listen(next)) {
    throw new Error(
      'The calls of this thread already have an observer: first call the function that ' +
        'observeCalls returned for it.',
    );
  }
  return () => unlisten(next);
}
