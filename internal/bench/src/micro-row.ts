import type { Summary } from './statistics.js';

/** What one call costs, in microseconds, while `sockets` are registered. */
export interface MicroRow {
  readonly sockets: number;
  /** Add, and the poll that the next wait makes of it. */
  readonly arm: Summary;
  /** Remove of an armed socket, and the packet of its poll. */
  readonly cancel: Summary;
  /** Wake, and the wait that it ends. */
  readonly wake: Summary;
  /** A wait of 0 ms that finds nothing. */
  readonly wait: Summary;
}
