import { showValue } from 'ntdllx';
import { SktError } from './errors.js';
import type { Skt } from './skt-types.js';

/**
 * What a call that would have blocked was waiting for: a connection to accept, the end of the connect that
 * it just began (`connect`) or that began before (`finishConnect`), data, room to send, or an urgent byte.
 */
export type Direction =
  | 'accept'
  | 'connect'
  | 'finishConnect'
  | 'readable'
  | 'writable'
  | 'priority';

/**
 * What a socket reports to a poller that watches it. Both are called on the stack of the call that
 * caused them, and should not throw: an error goes to that call's caller.
 */
export interface SktWatcher {
  /**
   * A call of the socket is about to return `wouldBlock`: from now on readiness is news. Also called,
   * with `connect`, by a connect that succeeds at once: a poll that was submitted before it may not see
   * the connection.
   */
  onWouldBlock?(skt: Skt, direction: Direction): void;
  /** The socket is about to be closed. It is open still, so that polls can be cancelled. */
  onClose?(skt: Skt): void;
}

/** Those of one socket: never changed but replaced, so that it can be read while watchers come and go. */
export type Watchers = readonly SktWatcher[];

/** What was thrown, boxed: it may be undefined itself. */
interface Thrown {
  readonly thrown: unknown;
}

/** @throws {SktError} `ERR_SKT_ARGUMENT` for what could not be called. */
export function requireWatcher(watcher: SktWatcher): SktWatcher {
  const isFit =
    typeof watcher === 'object' &&
    watcher !== null &&
    [watcher.onWouldBlock, watcher.onClose].every((each) => each === undefined || isFunction(each));
  if (isFit) return watcher;
  throw new SktError(
    'ERR_SKT_ARGUMENT',
    `watch wants an object with onWouldBlock or onClose, got ${showValue(watcher)}.`,
  );
}

const isFunction = (value: unknown) => typeof value === 'function';

/**
 * Reports a would-block to every watcher, whatever one of them throws. Allocates nothing.
 *
 * @throws what the first one threw.
 */
export function reportWouldBlock(watchers: Watchers, skt: Skt, direction: Direction): void {
  let first: Thrown | undefined;
  // By index: an iterator would be an object for each would-block.
  for (let index = 0; index < watchers.length; index += 1) {
    try {
      watchers[index]?.onWouldBlock?.(skt, direction);
    } catch (thrown) {
      first ??= { thrown };
    }
  }
  if (first !== undefined) throw first.thrown;
}

/** Reports the close to every watcher. @returns what the first one threw. */
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
