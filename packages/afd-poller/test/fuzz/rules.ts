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

// What readiness means, written a second time and from the other side: from what is true of a
// socket to what must and what may be reported. Nothing here is shared with the engine but its numbers.

const over = AFD_POLL_ABORT | AFD_POLL_CONNECT_FAIL;

/** Row by row: the reported bit, the interest that it needs, and AFD's bits that make it true. */
const sayings = [
  {
    says: Readiness.readable,
    to: Readiness.readable,
    when: AFD_POLL_RECEIVE | AFD_POLL_DISCONNECT | over,
  },
  { says: Readiness.readClosed, to: Readiness.readable, when: AFD_POLL_DISCONNECT | over },
  { says: Readiness.readClosed, to: Readiness.readClosed, when: AFD_POLL_DISCONNECT | over },
  { says: Readiness.writable, to: Readiness.writable, when: AFD_POLL_SEND | over },
  { says: Readiness.accept, to: Readiness.accept, when: AFD_POLL_ACCEPT },
  { says: Readiness.priority, to: Readiness.priority, when: AFD_POLL_RECEIVE_EXPEDITED },
] as const;

/** What a fresh poll has to report for these interest bits, exactly. */
export function reportedOf(afd: number, want: number): number {
  let reported = 0;
  if ((afd & AFD_POLL_ABORT) !== 0) reported |= Readiness.reset;
  if ((afd & AFD_POLL_CONNECT_FAIL) !== 0) reported |= Readiness.connectFailed;
  for (const { says, to, when } of sayings) {
    if ((want & to) !== 0 && (afd & when) !== 0) reported |= says;
  }
  const isConnected = (afd & AFD_POLL_SEND) !== 0 && (afd & over) === 0;
  return (want & Readiness.connected) !== 0 && isConnected
    ? reported | Readiness.connected
    : reported;
}

/** All that may be said of a socket in this state without a lie, whoever listens. */
export function truthOf(afd: number): number {
  let truth = reportedOf(afd, ~Readiness.connected);
  if ((afd & (AFD_POLL_CONNECT | AFD_POLL_SEND)) !== 0) truth |= Readiness.connected;
  // A reset takes the urgent byte with it.
  if ((afd & AFD_POLL_ABORT) !== 0) truth |= Readiness.priority;
  return truth;
}

/** What may be reported for these interest bits. */
export function allowedBy(want: number): number {
  let allowed: number = Readiness.reset | Readiness.connectFailed;
  for (const { says, to } of sayings) if ((want & to) !== 0) allowed |= says;
  if ((want & Readiness.connected) !== 0) allowed |= Readiness.connected;
  return allowed;
}

/** What must be said beside the end of a connection. */
export function impliedByEnd(want: number): number {
  return reportedOf(over, want) & ~(Readiness.reset | Readiness.connectFailed);
}

/** Which call can make this untrue again. */
export const spentBy = {
  readable: Readiness.readable,
  writable: Readiness.writable,
  accept: Readiness.accept,
  priority: Readiness.priority,
} as const;

/** The interest that a would-block in a direction makes news again. */
export const renewedBy = {
  accept: Readiness.accept,
  connect: Readiness.connected,
  finishConnect: Readiness.connected,
  readable: Readiness.readable,
  writable: Readiness.writable,
  priority: Readiness.priority,
} as const;

/** What a registration asks for. */
export interface ModelWant {
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

/** As `add` takes it. */
export function interestOf({ bits, mode }: ModelWant) {
  const named = interests.map((name) => [name, (bits & Readiness[name]) !== 0] as const);
  return { ...Object.fromEntries(named), mode };
}

/** Bits of `Readiness`, in words. */
export function inWords(bits: number): string {
  const words = Object.entries(Readiness).filter(([, bit]) => (bits & bit) !== 0);
  return words.map(([name]) => name).join(' ') || 'nothing';
}
