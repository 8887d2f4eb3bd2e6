import type { Summary } from './statistics.js';

/** The measured calls of the engine. */
export const microCalls = ['arm', 'cancel', 'event', 'wake', 'wait'] as const;

/** One of {@link microCalls}. */
export type MicroCall = (typeof microCalls)[number];

/** The cost of one call in microseconds, while `sockets` are registered. */
export interface MicroRow {
  readonly sockets: number;
  /** Add, and the poll that the next wait submits for it. */
  readonly arm: Summary;
  /** Remove of an armed socket, and the packet of its cancelled poll. */
  readonly cancel: Summary;
  /** A datagram to one of the sockets, the wait that reports it, and its receive. */
  readonly event: Summary;
  /** Wake, and the wait that it ends. */
  readonly wake: Summary;
  /** A wait of 0 ms that finds nothing. */
  readonly wait: Summary;
  /**
   * The wineserver's CPU time in each; the rest is the engine's. Undefined without a wineserver.
   */
  readonly wineserver?: Readonly<Record<MicroCall, number>>;
}
