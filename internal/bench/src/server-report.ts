import { nativeMemory } from 'ntdllx';
import type { CallCounts } from './counting-kernel.js';
import { type DelayReport, DelayWatch } from './delays.js';

/** A server's report about itself, sent as one line of JSON to each client of its control port. */
export interface ServerReport {
  /** Open connections, without those to the control port. */
  readonly connections: number;
  /** CPU time of the process since its start in microseconds, as Node reports it. */
  readonly cpuUs: number;
  readonly heapBytes: number;
  /** Memory outside the heap: that of Node's objects, and ntdllx's. */
  readonly externalBytes: number;
  readonly nativeBytes: number;
  readonly rssBytes: number;
  /** Foreign calls since the start; absent if they are not counted. */
  readonly calls?: CallCounts;
  /** Delays since the last report; absent if they are not measured. */
  readonly delays?: DelayReport;
}

let delayWatch: DelayWatch | undefined;

/** Makes the reports of this process contain the delays of its other work. */
export function watchDelays(): void {
  delayWatch ??= new DelayWatch();
}

/** The report of this process. If Node was started with --expose-gc, a collection runs first. */
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
    ...(delayWatch === undefined ? {} : { delays: delayWatch.take() }),
  };
}

/** The ports of a server; the first line of its output. */
export interface ServerPorts {
  readonly port: number;
  readonly control: number;
}
