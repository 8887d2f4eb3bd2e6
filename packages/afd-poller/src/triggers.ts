import type { Interest } from './interest.js';
import { is } from './readiness.js';

/**
 * tofu's Triggers (its `triggeredSkts.zig`): the eight flags that its reactor asks for and is told.
 * `pool` is about its message pool and means nothing to a poller; `notify` is a wake, `timeout` a
 * wait that ran out.
 */
export interface Triggers {
  readonly notify?: boolean;
  readonly accept?: boolean;
  readonly connect?: boolean;
  readonly send?: boolean;
  readonly recv?: boolean;
  readonly pool?: boolean;
  readonly err?: boolean;
  readonly timeout?: boolean;
}

/** What to ask a poller for when tofu's reactor wants these. Pure. */
export function triggersToInterest(triggers: Triggers): Interest {
  return {
    accept: triggers.accept === true,
    connect: triggers.connect === true,
    receive: triggers.recv === true,
    send: triggers.send === true,
  };
}

/**
 * What an event is in tofu's words. Pure. A reset is `err` beside whatever was wanted; a failed
 * connect is `err` and `connect`, from which tofu makes its connect_failed.
 *
 * @param bits an event's `bits`.
 */
export function triggersOf(bits: number): Triggers {
  return {
    notify: false,
    accept: (bits & is.accept) !== 0,
    connect: (bits & (is.connected | is.connectFailed)) !== 0,
    send: (bits & is.writable) !== 0,
    recv: (bits & (is.readable | is.readClosed)) !== 0,
    pool: false,
    err: (bits & (is.reset | is.connectFailed | is.localClosed)) !== 0,
    timeout: false,
  };
}
