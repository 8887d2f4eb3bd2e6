import { type Mode, Readiness } from 'afd-poller';
import {
  AFD_POLL_ABORT,
  AFD_POLL_ACCEPT,
  AFD_POLL_CONNECT,
  AFD_POLL_CONNECT_FAIL,
  AFD_POLL_DISCONNECT,
  AFD_POLL_RECEIVE,
  AFD_POLL_RECEIVE_EXPEDITED,
  AFD_POLL_SEND,
} from 'ntdllx';

// The meaning of readiness, implemented a second time and in the other direction: from the state
// of a socket to what must and what may be reported. This file shares only constants with the
// engine.

const over = AFD_POLL_ABORT | AFD_POLL_CONNECT_FAIL;

/** Each row: the reported bit, the interest that it needs, and AFD's bits that cause it. */
const reportRules = [
  {
    reports: Readiness.readable,
    interest: Readiness.readable,
    causes: AFD_POLL_RECEIVE | AFD_POLL_DISCONNECT | over,
  },
  {
    reports: Readiness.readClosed,
    interest: Readiness.readable,
    causes: AFD_POLL_DISCONNECT | over,
  },
  {
    reports: Readiness.readClosed,
    interest: Readiness.readClosed,
    causes: AFD_POLL_DISCONNECT | over,
  },
  { reports: Readiness.writable, interest: Readiness.writable, causes: AFD_POLL_SEND | over },
  { reports: Readiness.accept, interest: Readiness.accept, causes: AFD_POLL_ACCEPT },
  { reports: Readiness.priority, interest: Readiness.priority, causes: AFD_POLL_RECEIVE_EXPEDITED },
] as const;

/** The exact bits that a new poll must report for these interest bits. */
export function reportedOf(afd: number, interest: number): number {
  let reported = 0;
  if ((afd & AFD_POLL_ABORT) !== 0) reported |= Readiness.reset;
  if ((afd & AFD_POLL_CONNECT_FAIL) !== 0) reported |= Readiness.connectFailed;
  for (const { reports, interest: needed, causes } of reportRules) {
    if ((interest & needed) !== 0 && (afd & causes) !== 0) reported |= reports;
  }
  const isConnected = (afd & AFD_POLL_SEND) !== 0 && (afd & over) === 0;
  return (interest & Readiness.connected) !== 0 && isConnected
    ? reported | Readiness.connected
    : reported;
}

/** All bits that are true for a socket in this state, for any interest. */
export function truthOf(afd: number): number {
  let truth = reportedOf(afd, ~Readiness.connected);
  if ((afd & (AFD_POLL_CONNECT | AFD_POLL_SEND)) !== 0) truth |= Readiness.connected;
  // A reset discards the urgent byte.
  if ((afd & AFD_POLL_ABORT) !== 0) truth |= Readiness.priority;
  return truth;
}

/** All bits that may be reported for these interest bits. */
export function allowedBy(interest: number): number {
  let allowed: number = Readiness.reset | Readiness.connectFailed;
  for (const { reports, interest: needed } of reportRules)
    if ((interest & needed) !== 0) allowed |= reports;
  if ((interest & Readiness.connected) !== 0) allowed |= Readiness.connected;
  return allowed;
}

/** The bits that must be reported together with the end of a connection. */
export function impliedByEnd(interest: number): number {
  return reportedOf(over, interest) & ~(Readiness.reset | Readiness.connectFailed);
}

/** The readiness bits that each kind of call can consume. */
export const spentBy = {
  readable: Readiness.readable,
  writable: Readiness.writable,
  accept: Readiness.accept,
  priority: Readiness.priority,
} as const;

/** The readiness bits that edge mode reports again after a would-block in a direction. */
export const renewedBy = {
  accept: Readiness.accept,
  connect: Readiness.connected,
  finishConnect: Readiness.connected,
  readable: Readiness.readable,
  writable: Readiness.writable,
  priority: Readiness.priority,
} as const;

/** The interest of a registration. */
export interface ModelInterest {
  readonly bits: number;
  readonly mode: Mode;
}

const interests = [
  'readable',
  'writable',
  'accept',
  'connected',
  'readClosed',
  'priority',
  'localClosed',
] as const;

/** Converts it to an interest for `add`. */
export function interestOf({ bits, mode }: ModelInterest) {
  const named = interests.map((name) => [name, (bits & Readiness[name]) !== 0] as const);
  return { ...Object.fromEntries(named), mode };
}

/** Bits of `Readiness` as text. */
export function inWords(bits: number): string {
  const words = Object.entries(Readiness).filter(([, bit]) => (bits & bit) !== 0);
  return words.map(([name]) => name).join(' ') || 'nothing';
}
