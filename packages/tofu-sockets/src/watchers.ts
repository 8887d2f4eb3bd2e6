import { showValue } from 'ntdllx';
import { SktError } from './errors.js';
import type { Skt } from './skt-types.js';

/**
 * What a call that would have blocked was waiting for: a connection to accept, the end of the
 * connect that this call started (`connect`) or that an earlier call started (`finishConnect`),
 * data, room to send, or an urgent byte.
 */
export type Direction =
  | 'accept'
  | 'connect'
  | 'finishConnect'
  | 'readable'
  | 'writable'
  | 'priority';

/**
 * What a socket reports to a poller that watches it. The socket calls both methods synchronously,
 * inside the method that caused the report. They should not throw: that method would throw the
 * error to its caller.
 */
export interface SktWatcher {
  /**
   * A call on the socket is about to return `wouldBlock`, so the next readiness is a new edge.
   * Also called, with `connect`, when a connect succeeds at once, because a poll that was
   * submitted before the connect may not report the connection.
   */
  onWouldBlock?(skt: Skt, direction: Direction): void;
  /**
   * The socket is about to be closed. It is still open, so that the poller can cancel its polls.
   */
  onClose?(skt: Skt): void;
}

/**
 * A socket's watchers. The list is replaced, never modified, so it can change during an iteration.
 */
export type Watchers = readonly SktWatcher[];

/** A thrown value. In an object, because the value itself may be undefined. */
interface Thrown {
  readonly thrown: unknown;
}

/** @throws {SktError} `ERR_SKT_ARGUMENT` if it is not an object, or a method is not a function. */
export function requireWatcher(watcher: SktWatcher): SktWatcher {
  const isFit =
    typeof watcher === 'object' &&
    watcher !== null &&
    [watcher.onWouldBlock, watcher.onClose].every((each) => each === undefined || isFunction(each));
  if (isFit) return watcher;
  throw new SktError(
    'ERR_SKT_ARGUMENT',
    `watch takes an object with the functions onWouldBlock or onClose, got ${showValue(watcher)}.`,
  );
}

const isFunction = (value: unknown) => typeof value === 'function';

/**
 * Reports a would-block to every watcher, also if one of them throws. Allocates nothing.
 *
 * @throws the first value that a watcher threw.
 */
export function reportWouldBlock(watchers: Watchers, skt: Skt, direction: Direction): void {
  let first: Thrown | undefined;
  // By index, because an iterator would allocate an object for each would-block.
  for (let index = 0; index < watchers.length; index += 1) {
    try {
      watchers[index]?.onWouldBlock?.(skt, direction);
    } catch (thrown) {
      first ??= { thrown };
    }
  }
  if (first !== undefined) throw first.thrown;
}

/** Reports the close to every watcher. @returns the first value that a watcher threw. */
export function reportClose(watchers: Watchers, skt: Skt): Thrown | undefined {
  let first: Thrown | undefined;
  for (const watcher of watchers) {
    try {
      watcher.onClose?.(skt);
    } catch (thrown) {
      first ??= { thrown };
    }
  }
  return first;
}
