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
 * What a poller is told by a socket that it watches. Both are called on the stack of the call that
 * caused them, and should not throw: an error goes to that call's caller.
 */
export interface SktWatcher {
  /** A call of the socket is about to return `wouldBlock`: from now on readiness is news. */
  onWouldBlock?(skt: Skt, direction: Direction): void;
  /** The socket is about to be closed. It is open still, so that polls can be cancelled. */
  onClose?(skt: Skt): void;
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

/** Tells every watcher, whatever one of them throws. @returns what the first one threw, boxed. */
export function tellAll(
  watchers: ReadonlySet<SktWatcher>,
  tell: (watcher: SktWatcher) => void,
): { readonly thrown: unknown } | undefined {
  let first: { readonly thrown: unknown } | undefined;
  // A copy: a watcher may leave, or another one come, while they are told.
  for (const watcher of [...watchers]) {
    try {
      tell(watcher);
    } catch (thrown) {
      first ??= { thrown };
    }
  }
  return first;
}
