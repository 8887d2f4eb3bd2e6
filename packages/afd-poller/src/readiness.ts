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
 * Kinds of readiness, as bits. An interest is a set of the first seven bits, an event a set of all
 * of them. Both use the same bits, so that an interest filters an event without a translation.
 */
export const Readiness = {
  /** A receive will not block: it returns data, the end of the stream or an error. */
  readable: 0x1,
  /** A send will not block: there is room, or the send returns an error. */
  writable: 0x2,
  /** At least one connection waits to be accepted. */
  accept: 0x4,
  /** The pending connect succeeded. */
  connected: 0x8,
  /** The peer sends no more data. Earlier data may still be unread. */
  readClosed: 0x10,
  /** TCP's urgent byte can be received out of band. */
  priority: 0x20,
  /** This process closed the socket without removing it first. The poller has removed it now. */
  localClosed: 0x40,
  /** The peer reset the connection. */
  reset: 0x80,
  /** The connect failed. */
  connectFailed: 0x100,
  /** NT refused to poll the socket. */
  refused: 0x200,
} as const;

/** What is reported with every interest. */
export const alwaysReported = Readiness.reset | Readiness.connectFailed | Readiness.refused;

/**
 * After one of these the poller stops polling a registration until `modify`, because AFD would
 * report it again for ever.
 */
export const terminal = alwaysReported | Readiness.localClosed;

/** What every poll requests from AFD, with every interest: the events that end a connection. */
export const alwaysMask = AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE | AFD_POLL_CONNECT_FAIL;

/**
 * The AFD_POLL_* bits to request for an interest. RECEIVE alone would miss a FIN, so DISCONNECT is
 * added to it. A connect is polled as SEND: CONNECT stays true as long as the connection exists,
 * so that polling for it would be a busy loop (mio, wepoll; measured under Wine: finding F13).
 * Pure.
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
 * Converts AFD's events into the readiness to report for an interest. Pure.
 *
 * A reset or a failed connect is also reported as readable and writable, if the interest includes
 * these. A caller that handles only these then makes its call and gets the error from it. A reset
 * or a failed connect is never reported as `connected`.
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

/** The part of a readiness to report for an interest. Pure. */
export function filterReady(ready: number, interest: number): number {
  // An interest in `readable` includes the end of the stream.
  const end = interest & Readiness.readable ? Readiness.readClosed : 0;
  return ready & (interest | end | alwaysReported);
}
