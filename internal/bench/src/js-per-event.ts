import { GCProfiler } from 'node:v8';
import { type AfdPoller, PollEvents, presets } from 'afd-poller';
import { createPoller } from 'afd-poller/internal';
import { createSimNt } from 'sim-nt';
import { type Skt, UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { asForeign } from './foreign.js';
import { createNoCostKernel } from './no-cost-kernel.js';
import { type Summary, summarize } from './statistics.js';
import type { PresetName } from './subjects.js';

/** The number of sockets that are ready in every wait: a full list of the usual capacity. */
export const readySockets = 64;
/** The numbers of further sockets that are registered and never ready. */
export const idleCounts = [0, 10, 100, 1_000, 10_000] as const;

const rounds = 7;
/**
 * The number of waits whose allocation is measured: with so many, V8's own allocation is
 * negligible.
 */
const measuredWaits = 10_000;
/** The time-out of these waits. */
const timeoutMs = 1_000.5;

/** JavaScript per event, in nanoseconds. */
export interface EventCosts {
  /** On the kernel without cost, by the number of idle registered sockets. */
  readonly noCostNs: Readonly<Record<string, Summary>>;
  /** On the same kernel without idle sockets, if each poll succeeds at once instead of pending. */
  readonly atOnceNs: Summary;
  /** The highest of `noCostNs` over the lowest: 1 is flat. */
  readonly flatness: number;
  /** On sim-nt with its checks off; includes sim-nt's own cost. */
  readonly simNtNs: Summary;
}

/** A poller on a kernel without cost, with sockets that are always ready. */
export class LoadedPoller {
  readonly poller: AfdPoller<number>;
  readonly events: PollEvents<number>;

  /**
   * @param capacity the maximum number of events of a wait.
   * @param succeedsAtOnce see {@link createNoCostKernel}.
   * @param isForeign prevents V8 from inlining kernel functions; see {@link asForeign}.
   */
  constructor(
    preset: PresetName,
    idle: number,
    { capacity = readySockets, isForeign = false, succeedsAtOnce = false } = {},
  ) {
    this.events = new PollEvents<number>(capacity);
    const { kernel: own, setReady } = createNoCostKernel({ succeedsAtOnce });
    const kernel = isForeign ? asForeign(own) : own;
    this.poller = createPoller<number>({ ...presets[preset], kernel, allowMainThread: true });
    const creator = createSocketCreator(kernel);
    for (let token = 0; token < readySockets + idle; token += 1) {
      setReady(token < readySockets);
      const skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
      this.poller.add(skt, { readable: true }, token);
    }
  }

  /**
   * Waits `count` times and reads each event as a program does.
   *
   * @returns the number of events
   */
  turns(count: number, timeoutMs = 0): number {
    let reported = 0;
    for (let turn = 0; turn < count; turn += 1) {
      for (const event of this.poller.wait(timeoutMs, this.events)) {
        if (event.kind === 'socket' && event.isReadable) reported += 1;
      }
    }
    return reported;
  }
}

type Turns = (count: number) => number;

/**
 * Takes samples of all runs in turn, so that all of them use the same compiled code. Measures CPU
 * time: there is no baseline that would compensate for a busy machine.
 */
function nsPerEvent(runs: readonly Turns[], count: number): Summary[] {
  for (const turns of [...runs, ...runs]) turns(count);
  const samples = runs.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, turns] of runs.entries()) {
      const before = process.cpuUsage();
      const reported = turns(count);
      const { user, system } = process.cpuUsage(before);
      samples[index]?.push((1e3 * (user + system)) / reported);
    }
  }
  return samples.map(summarize);
}

/** @param turns waits per sample, of {@link readySockets} events each. */
export function measureEvents(preset: PresetName, turns: number): EventCosts {
  const runs = idleCounts.map((idle) => new LoadedPoller(preset, idle));
  const atOnce = new LoadedPoller(preset, 0, { succeedsAtOnce: true });
  const summaries = nsPerEvent(
    runs.map((loaded) => (count) => loaded.turns(count)),
    turns,
  );
  const medians = summaries.map(({ median }) => median);
  return {
    noCostNs: Object.fromEntries(
      idleCounts.map((idle, index) => [`${idle}`, summaries[index] as Summary]),
    ),
    atOnceNs: nsPerEvent([(count) => atOnce.turns(count)], turns)[0] as Summary,
    flatness: Math.max(...medians) / Math.min(...medians),
    simNtNs: measureOnSimNt(preset, Math.ceil(turns / 10)),
  };
}

function measureOnSimNt(preset: PresetName, turns: number): Summary {
  const { kernel, nowMs } = createSimNt({ seed: 1, isStrict: false });
  const poller = createPoller<number>({
    ...presets[preset],
    kernel,
    now: nowMs,
    allowMainThread: true,
  });
  const events = new PollEvents<number>(readySockets);
  const creator = createSocketCreator(kernel);
  const sender = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
  const skts: Skt[] = [];
  for (let token = 0; token < readySockets; token += 1) {
    const skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
    sender.sendTo(Buffer.from('x'), skt.localEndpoint());
    poller.add(skt, { readable: true }, token);
    skts.push(skt);
  }
  const [summary] = nsPerEvent(
    [
      (count) => {
        let reported = 0;
        for (let turn = 0; turn < count; turn += 1) {
          for (const event of poller.wait(0, events))
            if (event.kind === 'socket' && event.isReadable) reported += 1;
        }
        return reported;
      },
    ],
    turns,
  );
  return summary as Summary;
}

/** Allocation on the JavaScript heap, in bytes. */
export interface Allocation {
  /** Per event; per wait, however many events it reports. */
  readonly bytesPerEvent: number;
  readonly bytesPerWait: number;
}

/**
 * Counts allocated bytes, for pending polls or for polls that succeed at once. No garbage
 * collection may happen meanwhile, so the process needs --expose-gc and a young generation that is
 * large enough (`--min-semi-space-size=64 --max-semi-space-size=64`).
 *
 * @throws {Error} if a collection happened: the count would be too small.
 */
export function measureAllocation(preset: PresetName, succeedsAtOnce: boolean): Allocation {
  const loaded = new LoadedPoller(preset, 0, { isForeign: true, succeedsAtOnce });
  const lonely = new LoadedPoller(preset, 0, { isForeign: true, succeedsAtOnce, capacity: 1 });
  // With a time-out, because the poller then reads the clock; it never expires.
  loaded.turns(12_000, timeoutMs);
  lonely.turns(30_000, timeoutMs);
  // A full list has 64 events per wait, a list of one has one event per wait. The two counts give
  // the bytes per event and per wait.
  const full = allocatedBy(() => loaded.turns(measuredWaits, timeoutMs)) / measuredWaits;
  const single = allocatedBy(() => lonely.turns(measuredWaits, timeoutMs)) / measuredWaits;
  const bytesPerEvent = (full - single) / (readySockets - 1);
  return { bytesPerEvent, bytesPerWait: single - bytesPerEvent };
}

function allocatedBy(run: () => unknown): number {
  const { gc } = globalThis;
  if (gc === undefined)
    throw new Error('Allocation can only be counted if Node was started with --expose-gc.');
  const profiler = new GCProfiler();
  gc();
  profiler.start();
  const before = process.memoryUsage().heapUsed;
  run();
  const allocated = process.memoryUsage().heapUsed - before;
  const collections = profiler.stop().statistics.length;
  if (collections === 0) return allocated;
  throw new Error(
    `The garbage collector ran ${collections} times during the measurement, so the count is too small.`,
  );
}
