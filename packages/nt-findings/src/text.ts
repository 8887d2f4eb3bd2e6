import type { Packet, Poll } from 'nt-afd/raw-poll';
import { afdPollNames } from 'ntdllx';

/** The bits of a poll by name: `SEND+CONNECT`; `silent` for none. */
export const bitsText = (events: number) => afdPollNames(events).join('+') || 'silent';

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
