import * as nt from 'ntdllx';
import type { Packet, Poll } from 'ntdllx/raw-poll';

const bits: readonly (readonly [number, string])[] = [
  [nt.AFD_POLL_RECEIVE, 'RECEIVE'],
  [nt.AFD_POLL_RECEIVE_EXPEDITED, 'RECEIVE_EXPEDITED'],
  [nt.AFD_POLL_SEND, 'SEND'],
  [nt.AFD_POLL_DISCONNECT, 'DISCONNECT'],
  [nt.AFD_POLL_ABORT, 'ABORT'],
  [nt.AFD_POLL_LOCAL_CLOSE, 'LOCAL_CLOSE'],
  [nt.AFD_POLL_CONNECT, 'CONNECT'],
  [nt.AFD_POLL_ACCEPT, 'ACCEPT'],
  [nt.AFD_POLL_CONNECT_FAIL, 'CONNECT_FAIL'],
];

/** The bits of a poll by name: `SEND+CONNECT`; `silent` for none. */
export function bitsText(events: number): string {
  const names = bits.filter(([bit]) => (events & bit) !== 0).map(([, name]) => name);
  const rest = bits.reduce((left, [bit]) => left & ~bit, events);
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names.join('+') || 'silent';
}

/** A poll's packet: `STATUS_SUCCESS, Information 32`, `no packet`, or that it was another's. */
export function packetText(packet: Packet | undefined, poll: Poll): string {
  if (packet === undefined) return 'no packet';
  if (packet.poll !== poll) return `a packet of ApcContext 0x${packet.apcContext.toString(16)}`;
  return `${packet.status}, Information ${packet.information}`;
}

/** What a poll's output says of its first handle: its bits, or that it names none. */
export function reportText(poll: Poll): string {
  if (poll.isPending) return 'pending';
  const [first] = poll.reported;
  return first === undefined ? 'no handle' : bitsText(first.events);
}
