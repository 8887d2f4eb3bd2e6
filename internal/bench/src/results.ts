import type { CallCounts } from './counting-kernel.js';
import type { HostRow } from './host.js';
import type { Allocation, EventCosts } from './js-per-event.js';
import type { MicroRow } from './micro-row.js';

/** The results of a subject in a workload; each list has one figure per round. */
export interface SpeedRow {
  readonly workload: string;
  readonly label: string;
  /** Messages per second; for W5, connections per second. */
  readonly rates: readonly number[];
  /**
   * The rate divided by the rate of the baseline in the same round. Above 1 is faster than
   * `node:net`.
   */
  readonly ratios: readonly number[];
  /** MiB per second in each direction. */
  readonly mibs: readonly number[];
  readonly p50us: readonly number[];
  readonly p99us: readonly number[];
  readonly p999us: readonly number[];
  /**
   * The p99 divided by the p99 of the baseline in the same round. Below 1 is faster than
   * `node:net`; empty for a stream.
   */
  readonly p99Ratios: readonly number[];
  /** CPU time per message in microseconds, of the server and of the wineserver. */
  readonly serverCpuUs: readonly number[];
  readonly wineserverCpuUs: readonly number[];
}

/**
 * F1: the shares of the least and the most served of many active connections; 1 is a fair share.
 */
export interface ShareRow {
  readonly label: string;
  readonly connections: number;
  readonly slowest: number;
  readonly fastest: number;
  /** Messages per second of all connections. */
  readonly rate: number;
}

/**
 * F2: the latency of 64 connections alone, and together with a streaming connection; one figure per
 * round.
 */
export interface NeighbourRow {
  readonly label: string;
  /** The second latency of a round divided by the first; both are in microseconds. */
  readonly ratios: readonly number[];
  readonly p99Alone: readonly number[];
  readonly p99Beside: readonly number[];
  /** MiB per second in each direction, of the streaming connection. */
  readonly streamMibs: readonly number[];
}

/**
 * D2, D6: delays of other work in a server under load; one figure per round. The ratios are delays
 * divided by those of `node:net` in the same round: above 1 is slower.
 */
export interface DelayRow {
  readonly workload: string;
  readonly label: string;
  /** The delay of a 10 ms timer: the time beyond its 10 ms. */
  readonly timerP50us: readonly number[];
  readonly timerP99us: readonly number[];
  /** The duration of fs.readFile of a small file. */
  readonly readP50us: readonly number[];
  readonly readP99us: readonly number[];
  readonly timerP50Ratios: readonly number[];
  readonly timerP99Ratios: readonly number[];
  readonly readP50Ratios: readonly number[];
  readonly readP99Ratios: readonly number[];
}

/**
 * S1: the rate of 64 connections alone, and together with 200 silent connections; one figure per
 * round.
 */
export interface SilentRow {
  readonly label: string;
  /** The second rate of a round divided by the first; both are in messages per second. */
  readonly ratios: readonly number[];
  readonly alone: readonly number[];
  readonly beside: readonly number[];
}

/**
 * S2: the latency of 64 connections together with 5,000 silent connections; one figure per round.
 */
export interface CrowdRow {
  readonly label: string;
  readonly connections: number;
  readonly p999us: readonly number[];
  /** The latency divided by that of the raw engine in the same round. */
  readonly ratios: readonly number[];
}

/** H1: requests of HTTP; one figure per round. */
export interface HttpRow {
  readonly label: string;
  /** Requests per second. */
  readonly rates: readonly number[];
  /** The rate divided by that of the same server on `node:net` in the same round. */
  readonly ratios: readonly number[];
  readonly p99us: readonly number[];
}

/** The memory of one idle connection, in bytes. */
export interface MemoryRow {
  readonly label: string;
  readonly connections: number;
  /** The JavaScript heap after a collection, memory outside of it, and ntdllx's own. */
  readonly heap: number;
  readonly external: number;
  readonly native: number;
  /** Resident memory of the server and of the wineserver; undefined without /proc. */
  readonly resident: number | undefined;
  readonly wineserverResident: number | undefined;
}

/** Calls per message, by name. */
export interface CallsRow {
  readonly workload: string;
  readonly label: string;
  readonly calls: CallCounts;
}

/** Results of the engine alone, for one preset. */
export interface EngineRow {
  readonly preset: string;
  readonly events: EventCosts & { readonly allocation: Allocation };
  readonly micro: readonly MicroRow[];
}

/** One run of the bench, as it is written to a file. */
export interface Results {
  readonly schema: 1;
  /** The start time: ISO 8601. */
  readonly date: string;
  readonly host: HostRow;
  readonly settings: {
    readonly pairs: number;
    readonly seconds: number;
    readonly generator: 'c' | 'node';
    /** The core to which everything was pinned; undefined without pinning. */
    readonly core: number | undefined;
  };
  readonly speed: readonly SpeedRow[];
  readonly foreignCalls: readonly CallsRow[];
  /** Calls from Wine's own DLLs to Wine's ntdll, counted through the relay channel. */
  readonly relayedNtCalls: readonly CallsRow[];
  /** Absent in older results, which did not measure this. */
  readonly shares?: readonly ShareRow[];
  readonly neighbours?: readonly NeighbourRow[];
  readonly delays?: readonly DelayRow[];
  readonly silent?: readonly SilentRow[];
  readonly crowds?: readonly CrowdRow[];
  readonly http?: readonly HttpRow[];
  readonly memory: readonly MemoryRow[];
  readonly engine: readonly EngineRow[];
  /** Measurements that were left out or failed, with the reason. */
  readonly notes: readonly string[];
}
