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

/**
 * What can be ready, as bits. An interest is a set of the first seven, an event one of all of them, so
 * that one is filtered by the other without being translated.
 */
export const Readiness = {
  /** Data can be received, or the end of the stream, or an error that a receive returns. */
  readable: 0x1,
  /** Data can be sent, or there is an error that a send returns. */
  writable: 0x2,
  /** At least one connection waits to be accepted. */
  accept: 0x4,
  /** The connect that was under way succeeded. */
  connected: 0x8,
  /** The peer sends no more; data before that may be unread. */
  readClosed: 0x10,
  /** TCP's urgent byte can be received out of band. */
  priority: 0x20,
  /** The socket was closed here without being removed; it is removed now. */
  localClosed: 0x40,
  /** The peer ended the connection with a reset. */
  reset: 0x80,
  /** The connect failed. */
  connectFailed: 0x100,
  /** NT refused to poll the socket. */
  refused: 0x200,
} as const;

/** What is reported whatever the interest is. */
export const alwaysReported = Readiness.reset | Readiness.connectFailed | Readiness.refused;

/** What ends a registration's polling until `modify`: AFD would report it for ever. */
export const terminal = alwaysReported | Readiness.localClosed;

/** What AFD is asked for in every poll: what ends a connection, whatever the interest is. */
export const alwaysMask = AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE | AFD_POLL_CONNECT_FAIL;

/**
 * What AFD is asked for. RECEIVE alone would miss a FIN, so DISCONNECT goes with it. A connect is seen
 * as SEND: CONNECT stays true for as long as the connection does, so that to ask for it is a busy loop
 * (mio, wepoll; measured under Wine: finding F13). Pure.
 */
export function afdMask(interest: number): number {
  let mask = alwaysMask;
  if (interest & Readiness.readable) mask |= AFD_POLL_RECEIVE | AFD_POLL_DISCONNECT;
  if (interest & (Readiness.writable | Readiness.connected)) mask |= AFD_POLL_SEND;
  if (interest & Readiness.accept) mask |= AFD_POLL_ACCEPT;
  if (interest & Readiness.readClosed) mask |= AFD_POLL_DISCONNECT;
  if (interest & Readiness.priority) mask |= AFD_POLL_RECEIVE_EXPEDITED;
  return mask;
}

/**
 * What AFD's events mean to an interest. Pure.
 *
 * A reset or a failed connect also counts as readable and writable, where that is of interest: a
 * caller that handles these alone makes its call and gets the error from it. It is never `connected`.
 *
 * @returns bits of {@link Readiness}; 0 when there is nothing to report.
 */
export function readinessOf(afdEvents: number, interest: number): number {
  if (afdEvents & AFD_POLL_LOCAL_CLOSE) return interest & Readiness.localClosed;
  const isOver = (afdEvents & (AFD_POLL_ABORT | AFD_POLL_CONNECT_FAIL)) !== 0;
  let ready: number = isOver ? Readiness.readable | Readiness.writable | Readiness.readClosed : 0;
  if (afdEvents & AFD_POLL_ABORT) ready |= Readiness.reset;
  if (afdEvents & AFD_POLL_CONNECT_FAIL) ready |= Readiness.connectFailed;
  if (afdEvents & AFD_POLL_RECEIVE) ready |= Readiness.readable;
  if (afdEvents & AFD_POLL_DISCONNECT) ready |= Readiness.readable | Readiness.readClosed;
  if (afdEvents & AFD_POLL_SEND) ready |= Readiness.writable;
  if (afdEvents & AFD_POLL_SEND && !isOver) ready |= Readiness.connected;
  if (afdEvents & AFD_POLL_ACCEPT) ready |= Readiness.accept;
  if (afdEvents & AFD_POLL_RECEIVE_EXPEDITED) ready |= Readiness.priority;
  return filterReady(ready, interest);
}

/** What of a readiness is to be reported to an interest. Pure. */
export function filterReady(ready: number, interest: number): number {
  // Who reads wants to know of the end of the stream.
  const end = interest & Readiness.readable ? Readiness.readClosed : 0;
  return ready & (interest | end | alwaysReported);
}
