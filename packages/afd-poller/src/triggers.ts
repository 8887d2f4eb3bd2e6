import type { Interest } from './interest.js';
import { Readiness } from './readiness.js';

/**
 * tofu's Triggers (its `triggeredSkts.zig`): the eight flags that its reactor asks for and gets back.
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
    connected: triggers.connect === true,
    readable: triggers.recv === true,
    writable: triggers.send === true,
  };
}

/**
 * What an event is in tofu's words. Pure. A reset is `err` beside whatever was asked for; a failed
 * connect is `err` and `connect`, from which tofu makes its connect_failed.
 *
 * @param bits an event's `bits`.
 */
export function triggersOf(bits: number): Triggers {
  const has = (of: number) => (bits & of) !== 0;
  return {
    notify: false,
    accept: has(Readiness.accept),
    connect: has(Readiness.connected | Readiness.connectFailed),
    send: has(Readiness.writable),
    recv: has(Readiness.readable | Readiness.readClosed),
    pool: false,
    err: has(Readiness.reset | Readiness.connectFailed | Readiness.localClosed | Readiness.refused),
    timeout: false,
  };
}
