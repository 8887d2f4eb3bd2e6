import { nativeMemory } from 'ntdllx';
import type { CallCounts } from './counting-kernel.js';

/** What a server says about itself, as one line of JSON, to whoever connects to its control port. */
export interface ServerReport {
  /** Connections that are open, those to the control port not counted. */
  readonly connections: number;
  /** CPU time of the process since it started, in microseconds, as Node says it. */
  readonly cpuUs: number;
  readonly heapBytes: number;
  /** Outside the heap: what Node's objects hold, and what ntdllx allocated. */
  readonly externalBytes: number;
  readonly nativeBytes: number;
  readonly rssBytes: number;
  /** Foreign calls since the start; only where they are counted. */
  readonly calls?: CallCounts;
}

/** The report of this process; after a collection, where Node was started with --expose-gc. */
export function reportServer(connections: number, calls?: CallCounts): ServerReport {
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    connections,
    cpuUs: user + system,
    heapBytes: heapUsed,
    externalBytes: external,
    nativeBytes: nativeMemory().bytes,
    rssBytes: rss,
    ...(calls === undefined ? {} : { calls: { ...calls } }),
  };
}

/** Where a server listens; the first line of its output. */
export interface ServerPorts {
  readonly port: number;
  readonly control: number;
}
