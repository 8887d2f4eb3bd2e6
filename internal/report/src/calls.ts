import type { CallRecord, PacketRecord, TraceRecord, TraceResult } from 'nt-trace';

/** The kinds of calls, which determine their colour. */
export const kinds = {
  request: 'requests of AFD',
  wait: 'waits',
  post: 'posts, cancels',
  other: 'everything else',
} as const;

export type Kind = keyof typeof kinds;

/** The kind of a function. */
export function kindOf(name: string): Kind {
  if (name === 'NtDeviceIoControlFile') return 'request';
  if (/^(NtRemoveIoCompletion|WaitFor)/.test(name)) return 'wait';
  return /^(NtSetIoCompletion|NtCancelIoFile)/.test(name) ? 'post' : 'other';
}

export const isCall = (record: TraceRecord): record is CallRecord => record.kind === 'call';
export const isPacket = (record: TraceRecord): record is PacketRecord => record.kind === 'packet';
export const endUs = ({ startUs, durationUs }: CallRecord) => startUs + durationUs;

/** The start of the first call: times in a report are relative to it. */
export function firstUs({ records, originUs }: TraceResult): number {
  const first = records.find(isCall);
  return first === undefined ? originUs : first.startUs;
}

/** Formats a number with thousands separators. */
export const count = (value: number) => value.toLocaleString('en-US');
export const plural = (value: number, one: string) =>
  `${count(value)} ${one}${value === 1 ? '' : 's'}`;
