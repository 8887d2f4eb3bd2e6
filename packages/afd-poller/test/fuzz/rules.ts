import { is, type Mode } from 'afd-poller';
import { wants } from 'afd-poller/internal';
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
// socket to what must and what may be told. Nothing here is shared with the engine but its numbers.

const over = AFD_POLL_ABORT | AFD_POLL_CONNECT_FAIL;

/** Row by row: what is said, who is told of it, and which of AFD's bits make it true. */
const sayings = [
  { says: is.readable, to: wants.receive, when: AFD_POLL_RECEIVE | AFD_POLL_DISCONNECT | over },
  { says: is.readClosed, to: wants.receive, when: AFD_POLL_DISCONNECT | over },
  { says: is.readClosed, to: wants.disconnect, when: AFD_POLL_DISCONNECT | over },
  { says: is.writable, to: wants.send, when: AFD_POLL_SEND | over },
  { says: is.accept, to: wants.accept, when: AFD_POLL_ACCEPT },
  { says: is.priority, to: wants.priority, when: AFD_POLL_RECEIVE_EXPEDITED },
] as const;

/** Exactly what a fresh look has to tell somebody who wants these bits. */
export function toldOf(afd: number, want: number): number {
  let told = 0;
  if ((afd & AFD_POLL_ABORT) !== 0) told |= is.reset;
  if ((afd & AFD_POLL_CONNECT_FAIL) !== 0) told |= is.connectFailed;
  for (const { says, to, when } of sayings) {
    if ((want & to) !== 0 && (afd & when) !== 0) told |= says;
  }
  const isConnected = (afd & AFD_POLL_SEND) !== 0 && (afd & over) === 0;
  return (want & wants.connect) !== 0 && isConnected ? told | is.connected : told;
}

/** All that may be said of a socket in this state without a lie, whoever listens. */
export function truthOf(afd: number): number {
  let truth = toldOf(afd, ~wants.connect);
  if ((afd & (AFD_POLL_CONNECT | AFD_POLL_SEND)) !== 0) truth |= is.connected;
  // A reset takes the urgent byte with it.
  if ((afd & AFD_POLL_ABORT) !== 0) truth |= is.priority;
  return truth;
}

/** What may be told to somebody who wants these bits. */
export function allowedBy(want: number): number {
  let allowed = is.reset | is.connectFailed;
  for (const { says, to } of sayings) if ((want & to) !== 0) allowed |= says;
  if ((want & wants.connect) !== 0) allowed |= is.connected;
  return allowed;
}

/** What must be said beside the end of a connection. */
export function impliedByEnd(want: number): number {
  return toldOf(over, want) & ~(is.reset | is.connectFailed);
}

/** Which call can make this untrue again. */
export const spentBy = {
  receive: is.readable,
  send: is.writable,
  accept: is.accept,
  urgent: is.priority,
} as const;

/** What was told and is to be told again only after a would-block. */
export function mutedBy(told: number): number {
  let muted = 0;
  if ((told & is.accept) !== 0) muted |= wants.accept;
  if ((told & is.connected) !== 0) muted |= wants.connect;
  if ((told & is.readable) !== 0) muted |= wants.receive;
  if ((told & is.readClosed) !== 0) muted |= wants.disconnect;
  if ((told & is.writable) !== 0) muted |= wants.send;
  if ((told & is.priority) !== 0) muted |= wants.priority;
  return muted;
}

/** The interest that a would-block in a direction makes news again. */
export const renewedBy = {
  accept: wants.accept,
  connect: wants.connect,
  receive: wants.receive,
  send: wants.send,
  urgent: wants.priority,
} as const;

/** What a registration asks for. */
export interface ModelWant {
  readonly bits: number;
  readonly mode: Mode;
}

const names = Object.entries(wants);

/** As `add` takes it. */
export function interestOf({ bits, mode }: ModelWant) {
  const named = names.map(([name, bit]) => [name, (bits & bit) !== 0] as const);
  return { ...Object.fromEntries(named), mode };
}

/** Bits of `is`, in words. */
export function inWords(bits: number): string {
  const words = Object.entries(is).filter(([, bit]) => (bits & bit) !== 0);
  return words.map(([name]) => name).join(' ') || 'nothing';
}
