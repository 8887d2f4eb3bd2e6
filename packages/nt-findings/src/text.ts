import type { Packet, Poll } from 'nt-afd/raw-poll';
import { afdPollNames } from 'ntdllx';

/** The names of a poll's bits: `SEND+CONNECT`; `silent` if there are none. */
export const bitsText = (events: number) => afdPollNames(events).join('+') || 'silent';

/**
 * The packet of a poll as text: `STATUS_SUCCESS, Information 32`, `no packet`, or that the packet
 * belongs to another poll.
 */
export function packetText(packet: Packet | undefined, poll: Poll): string {
  if (packet === undefined) return 'no packet';
  if (packet.poll !== poll) return `a packet of ApcContext 0x${packet.apcContext.toString(16)}`;
  return `${packet.status}, Information ${packet.information}`;
}

/** The bits of the first handle in a poll's output; `no handle` if the output has none. */
export function reportText(poll: Poll): string {
  if (poll.isPending) return 'pending';
  const [first] = poll.reported;
  return first === undefined ? 'no handle' : bitsText(first.events);
}
