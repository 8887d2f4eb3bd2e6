import { type Generator, Loader, type LoadResult } from './generator.js';
import type { SpeedRow } from './results.js';
import type { RunningServer, Servers } from './servers.js';
import { ratios } from './statistics.js';
import { baseline, type SubjectName } from './subjects.js';
import { entriesOf, type Workload } from './workloads.js';

const warmupSeconds = 0.1;
/** Fewer rounds have no meaningful spread. */
const leastRounds = 3;

/** The settings of a measurement, and the callback of its progress. */
export interface SpeedOptions {
  readonly pairs: number;
  readonly seconds: number;
  /** The subjects to measure beside the baseline; undefined: all. */
  readonly subjects: readonly string[] | undefined;
  /** After this time no more rounds start, once three are complete. */
  readonly limitSeconds: number;
  readonly generator: Generator;
  readonly say: (line: string) => void;
  readonly note: (line: string) => void;
}

/** Opens a session with a wineserver that serves only this subject. */
export type OpenServers = (subject: SubjectName) => Promise<Servers>;

interface Seat {
  readonly servers: Servers;
  readonly server: RunningServer;
  readonly loader: Loader;
  readonly results: (LoadResult & { readonly cpuUs: number })[];
}

/**
 * Measures one workload. All subjects run and are connected the whole time, and the generator
 * loads them in turn. Other load on the machine therefore affects all of them.
 *
 * Each subject has its own wineserver: a shared wineserver would search the pending polls of all
 * subjects at every call of each.
 */
export async function measureSpeed(
  openServers: OpenServers,
  workload: Workload,
  { pairs, seconds: asked, subjects, limitSeconds, generator, say, note }: SpeedOptions,
): Promise<SpeedRow[]> {
  const seconds = asked * (workload.longer ?? 1);
  const deadlineMs = performance.now() + 1_000 * limitSeconds;
  const sessions = new Map<SubjectName, Servers>();
  const running: RunningServer[] = [];
  const seats: Seat[] = [];
  try {
    for (const entry of entriesOf(workload)) {
      const { subject } = entry;
      if (subject !== baseline && subjects?.includes(subject) === false) continue;
      const servers = sessions.get(subject) ?? (await openServers(subject));
      sessions.set(subject, servers);
      const server = await servers.start(entry);
      running.push(server);
      await server.report();
      const { wineserver } = servers;
      const pids = [server.pid, ...(wineserver === undefined ? [] : [wineserver])];
      const loader = await Loader.open(generator, server.port, workload.load, pids);
      seats.push({ servers, server, loader, results: [] });
      // Compiles the code, so that compilation does not affect the first measurement.
      await loader.time(warmupSeconds, seconds / 2);
    }
    for (let round = 0; round < pairs; round += 1) {
      if (round >= leastRounds && performance.now() > deadlineMs) {
        note(
          `${workload.id}: ${round} rounds instead of ${pairs}, because the time limit was reached`,
        );
        break;
      }
      for (const seat of inTurn(seats, round)) {
        if (!(await seat.servers.settle())) {
          const { label } = seat.server.entry;
          note(`${workload.id} round ${round + 1}: the wineserver was busy before ${label}`);
        }
        seat.results.push(await measureOnce(seat, seconds, generator.name === 'node'));
      }
      say(`${workload.id} ${round + 1}/${pairs}  ${lastRates(seats)}`);
    }
    return rowsOf(workload, seats);
  } finally {
    // Servers end first: for a client, closing a thousand connections takes seconds under Wine,
    // and no result needs it.
    for (const server of running) await server.stop();
    for (const { loader } of seats) await loader.close();
    for (const servers of sessions.values()) await servers.close();
  }
}

/**
 * The order of a round. The machine may still do work for the previous subject, such as freeing
 * sockets, which slows down the next subject. So no subject always follows the same other subject.
 */
export function inTurn<T>(seats: readonly T[], round: number): T[] {
  const first = round % seats.length;
  const order = [...seats.slice(first), ...seats.slice(0, first)];
  return round % 2 === 0 ? order : order.reverse();
}

/** @param asksServer true if the generator cannot measure the server's CPU time. */
async function measureOnce({ loader, server }: Seat, seconds: number, asksServer: boolean) {
  // The blocking server answers only between two connections.
  const isAsked = asksServer && server.entry.subject !== 'blocking';
  const before = isAsked ? (await server.report()).cpuUs : 0;
  const result = await loader.time(warmupSeconds, seconds);
  if (result.messages === 0)
    throw new Error(`${server.entry.label}: no message was echoed in the measured time`);
  const cpuUs = isAsked ? ((await server.report()).cpuUs - before) / result.total : Number.NaN;
  return { ...result, cpuUs };
}

function lastRates(seats: readonly Seat[]): string {
  return seats
    .map(({ server, results }) => {
      const { messages, seconds } = results.at(-1) as LoadResult;
      return `${server.entry.label} ${Math.round(messages / seconds)}/s`;
    })
    .join('  ');
}

function rowsOf(workload: Workload, seats: readonly Seat[]): SpeedRow[] {
  const ratesOf = ({ results }: Seat) => results.map(({ messages, seconds }) => messages / seconds);
  const p99Of = ({ results }: Seat) => results.map(({ p99us }) => p99us);
  const base = seats.find(({ server }) => server.entry.subject === baseline) as Seat;
  return seats.map((seat) => {
    const { results, server } = seat;
    const cpu = (index: number) =>
      results.flatMap(({ cpuNs, messages }) => {
        const ns = cpuNs[index];
        return ns === undefined ? [] : [ns / 1e3 / messages];
      });
    const ownCpu = results.map(({ cpuUs }) => cpuUs).filter(Number.isFinite);
    return {
      workload: workload.id,
      label: server.entry.label,
      rates: ratesOf(seat),
      ratios: ratios(ratesOf(seat), ratesOf(base)),
      mibs: results.map(({ bytes, seconds }) => bytes / seconds / 1_048_576),
      p50us: results.map(({ p50us }) => p50us),
      p99us: p99Of(seat),
      p99Ratios: ratios(p99Of(seat), p99Of(base)).filter(Number.isFinite),
      p999us: results.map(({ p999us }) => p999us),
      serverCpuUs: cpu(0).length > 0 ? cpu(0) : ownCpu,
      wineserverCpuUs: cpu(1),
    };
  });
}
