/**
 * Whoever wants to see foreign calls: each, in order, with its arguments, result and time.
 *
 * Only calls through this package's functions are seen, and only those of the thread that asked: every
 * worker has bindings of its own and asks for itself. Calls that koffi makes of its own accord, and
 * those of Node, are not seen.
 *
 * @packageDocumentation
 */
import { type CallObserver, listen, unlisten } from './observe.js';

export type { NativeArgument } from './foreign-function.js';
export { readMemory } from './native-memory.js';
export type { CallObserver, ObservedCall, StartedCall } from './observe.js';
export type { FunctionName, Parameter, Prototype } from './prototypes.js';
export { prototypes } from './prototypes.js';

/**
 * Observes each foreign call of this thread from now on. Without an observer a call pays one
 * comparison and no memory.
 *
 * An observer that throws is not asked again; a warning of the process says what it threw. The call
 * that it observes, and its result, are not affected.
 *
 * @returns ends it; once more does nothing.
 * @throws {Error} while this thread has an observer.
 */
export function observeCalls(next: CallObserver): () => void {
  if (!listen(next)) {
    throw new Error('This thread has an observer of its calls already: end that one first.');
  }
  return () => unlisten(next);
}
