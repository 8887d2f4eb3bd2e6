import type { Summary } from './statistics.js';

/** What is measured of the engine alone. */
export const microCalls = ['arm', 'cancel', 'event', 'wake', 'wait'] as const;

/** One of {@link microCalls}. */
export type MicroCall = (typeof microCalls)[number];

/** What one call costs, in microseconds, while `sockets` are registered. */
export interface MicroRow {
  readonly sockets: number;
  /** Add, and the poll that the next wait makes of it. */
  readonly arm: Summary;
  /** Remove of an armed socket, and the packet of its poll. */
  readonly cancel: Summary;
  /** A datagram to one of the sockets, the wait that reports it, and its receipt. */
  readonly event: Summary;
  /** Wake, and the wait that it ends. */
  readonly wake: Summary;
  /** A wait of 0 ms that finds nothing. */
  readonly wait: Summary;
  /** How much of each was processor time of the wineserver; the rest is ours. Undefined elsewhere. */
  readonly wineserver?: Readonly<Record<MicroCall, number>>;
}
