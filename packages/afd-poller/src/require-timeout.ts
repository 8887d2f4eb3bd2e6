import { isMainThread } from 'node:worker_threads';
import { showValue } from 'ntdllx';
import { PollerError } from './errors.js';

/**
 * @throws {PollerError} `ERR_POLLER_ARGUMENT` for a value that is not a time-out;
 *   `ERR_POLLER_MAIN_THREAD` for any time-out but 0 on Node's main thread, unless
 *   `allowMainThread` is true.
 */
export function requireTimeout(timeoutMs: number, allowMainThread: boolean): void {
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) {
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      `The time-out must be 0 or more milliseconds, or Infinity; got ${showValue(timeoutMs)}.`,
    );
  }
  if (timeoutMs === 0 || !isMainThread || allowMainThread) return;
  throw new PollerError(
    'ERR_POLLER_MAIN_THREAD',
    "A wait on the main thread blocks Node's event loop: wait in a worker, pass a time-out of 0, " +
      'or set the option { allowMainThread: true }.',
  );
}
