import type { CallCounts } from './counting-kernel.js';
import type { HostRow } from './host.js';
import type { Allocation, EventCosts } from './js-per-event.js';
import type { MicroRow } from './micro-row.js';

/** A contestant in a workload; each list has one figure per round. */
export interface SpeedRow {
  readonly workload: string;
  readonly label: string;
  /** Messages per second; of W5, connections. */
  readonly rates: readonly number[];
  /** Of the same round: the rate over the baseline's. Above 1 is faster than `node:net`. */
  readonly ratios: readonly number[];
  /** MiB per second, each way. */
  readonly mibs: readonly number[];
  readonly p50us: readonly number[];
  readonly p99us: readonly number[];
  readonly p999us: readonly number[];
  /** Of the same round: p99 over the baseline's. Below 1 is quicker than `node:net`; of a stream none. */
  readonly p99Ratios: readonly number[];
  /** CPU time per message in microseconds, of the server and of Wine's server. */
  readonly serverCpuUs: readonly number[];
  readonly wineserverCpuUs: readonly number[];
}

/** F1: of many active connections, the least and the most served one; 1 is a fair share. */
export interface ShareRow {
  readonly label: string;
  readonly connections: number;
  readonly slowest: number;
  readonly fastest: number;
  /** Messages per second, of all. */
  readonly rate: number;
}

/** F2: the latency of 64 connections alone, and beside one that streams; one figure per round. */
export interface NeighbourRow {
  readonly label: string;
  /** Of a round: the second of these over the first, both in microseconds. */
  readonly ratios: readonly number[];
  readonly p99Alone: readonly number[];
  readonly p99Beside: readonly number[];
  /** MiB per second, each way, of the one that streams. */
  readonly streamMibs: readonly number[];
}

/** What one idle connection needs, in bytes. */
export interface MemoryRow {
  readonly label: string;
  readonly connections: number;
  /** JavaScript's heap after a collection, outside of it, and ntdllx's own. */
  readonly heap: number;
  readonly external: number;
  readonly native: number;
  /** What the operating system sees of the server, and of Wine's server; undefined without /proc. */
  readonly resident: number | undefined;
  readonly wineserverResident: number | undefined;
}

/** Calls per message, by name. */
export interface CallsRow {
  readonly workload: string;
  readonly label: string;
  readonly calls: CallCounts;
}

/** A preset of the engine on its own. */
export interface EngineRow {
  readonly preset: string;
  readonly events: EventCosts & { readonly allocation: Allocation };
  readonly micro: readonly MicroRow[];
}

/** One run of the bench, as it is written to a file. */
export interface Results {
  readonly schema: 1;
  /** When it began: ISO 8601. */
  readonly date: string;
  readonly host: HostRow;
  readonly settings: {
    readonly pairs: number;
    readonly seconds: number;
    readonly generator: 'c' | 'node';
    /** The core that everything was kept on; undefined when nothing was. */
    readonly core: number | undefined;
  };
  readonly speed: readonly SpeedRow[];
  readonly foreignCalls: readonly CallsRow[];
  /** Counted through Wine's relay channel: what Wine's own DLLs ask of Wine's ntdll. */
  readonly relayedNtCalls: readonly CallsRow[];
  /** Results that were written before this was measured have neither. */
  readonly shares?: readonly ShareRow[];
  readonly neighbours?: readonly NeighbourRow[];
  readonly memory: readonly MemoryRow[];
  readonly engine: readonly EngineRow[];
  /** What was left out or did not hold, and why. */
  readonly notes: readonly string[];
}
