import {
  AFD_POLL_ABORT,
  AFD_POLL_ACCEPT,
  AFD_POLL_CONNECT_FAIL,
  AFD_POLL_DISCONNECT,
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
  AFD_POLL_RECEIVE_EXPEDITED,
  AFD_POLL_SEND,
} from 'ntdllx';
import { wants } from './interest.js';

/** What an event says, as bits. */
export const is = {
  readable: 0x1,
  writable: 0x2,
  accept: 0x4,
  connected: 0x8,
  readClosed: 0x10,
  reset: 0x20,
  connectFailed: 0x40,
  localClosed: 0x80,
  priority: 0x100,
} as const;

/** Nothing can follow these but a close. */
export const terminal = is.reset | is.connectFailed | is.localClosed;

/**
 * What AFD's events mean to a registration that wants these bits. Pure; the interest is the one at
 * the time of delivery, so what is not wanted any more is not told.
 *
 * A reset or a failed connect also counts as readable and writable, where that is wanted: a consumer
 * that looks at these alone then makes its call and is told by that. It is never `connected`.
 *
 * @returns bits of {@link is}; 0 when there is nothing to tell.
 */
export function readinessOf(events: number, bits: number): number {
  if (events & AFD_POLL_LOCAL_CLOSE) return bits & wants.localClose ? is.localClosed : 0;
  let ready = 0;
  const isOver = (events & (AFD_POLL_ABORT | AFD_POLL_CONNECT_FAIL)) !== 0;
  if (events & AFD_POLL_ABORT) ready |= is.reset;
  if (events & AFD_POLL_CONNECT_FAIL) ready |= is.connectFailed;
  if (bits & wants.receive) {
    if (isOver || events & AFD_POLL_RECEIVE) ready |= is.readable;
    if (isOver || events & AFD_POLL_DISCONNECT) ready |= is.readable | is.readClosed;
  }
  if (bits & wants.send && (isOver || events & AFD_POLL_SEND)) ready |= is.writable;
  if (bits & wants.disconnect && (isOver || events & AFD_POLL_DISCONNECT)) ready |= is.readClosed;
  if (bits & wants.accept && events & AFD_POLL_ACCEPT) ready |= is.accept;
  if (bits & wants.priority && events & AFD_POLL_RECEIVE_EXPEDITED) ready |= is.priority;
  if (bits & wants.connect && !isOver && events & AFD_POLL_SEND) ready |= is.connected;
  return ready;
}

/** The interests that a readiness speaks of: what one-shot and edge do not ask for again. */
export function wantsTold(ready: number): number {
  let bits = 0;
  if (ready & is.accept) bits |= wants.accept;
  if (ready & is.connected) bits |= wants.connect;
  if (ready & is.readable) bits |= wants.receive;
  if (ready & is.readClosed) bits |= wants.disconnect;
  if (ready & is.writable) bits |= wants.send;
  if (ready & is.priority) bits |= wants.priority;
  return bits;
}

/**
 * What of an event may still be told to a registration whose interest changed after the event was
 * taken off the port. Pure.
 */
export function stillWanted(ready: number, bits: number): number {
  let told = is.reset | is.connectFailed;
  if (bits & wants.accept) told |= is.accept;
  if (bits & wants.connect) told |= is.connected;
  if (bits & wants.receive) told |= is.readable | is.readClosed;
  if (bits & wants.send) told |= is.writable;
  if (bits & wants.priority) told |= is.priority;
  if (bits & wants.disconnect) told |= is.readClosed;
  if (bits & wants.localClose) told |= is.localClosed;
  return ready & told;
}
