import { Loader } from './generator.js';
import type { FairnessOptions } from './measure-fairness.js';
import { inTurn } from './measure-speed.js';
import type { CrowdRow, SilentRow } from './results.js';
import type { RunningServer, Servers } from './servers.js';
import { ratios } from './statistics.js';
import type { SubjectName } from './subjects.js';
import { type Entry, loadOf } from './workloads.js';

const warmupSeconds = 0.2;
/** The numbers of silent connections of S1 and S2. */
export const silentConnections = { S1: 200, S2: 5_000 } as const;

/** Connections that never send anything: a generator that gets no command. */
const silent = (connections: number) => ({ ...loadOf('W2'), connections, active: 1 });

/**
 * S1: the rate of 64 connections (W2) alone, and beside 200 silent connections of the same server.
 */
export async function measureSilent(
  servers: Servers,
  entry: Entry,
  { seconds, rounds, generator, say }: FairnessOptions,
): Promise<SilentRow> {
  const server = await servers.start(entry);
  const alone: number[] = [];
  const beside: number[] = [];
  const loader = await Loader.open(generator, server.port, loadOf('W2'));
  const rate = async () => {
    await servers.settle();
    const { messages, seconds: took } = await loader.time(warmupSeconds, seconds);
    return messages / took;
  };
  try {
    await loader.time(warmupSeconds, seconds);
    for (let round = 1; round <= rounds; round += 1) {
      alone.push(await rate());
      const crowd = await Loader.open(generator, server.port, silent(silentConnections.S1));
      beside.push(await rate());
      await crowd.close();
      const ratio = (beside.at(-1) as number) / (alone.at(-1) as number);
      say(`S1 ${round}/${rounds}  ${entry.label}: ${ratio.toFixed(2)} of its own rate`);
    }
  } finally {
    await server.stop();
    await loader.close();
  }
  return { label: entry.label, ratios: ratios(beside, alone), alone, beside };
}

interface Seat {
  readonly servers: Servers;
  readonly server: RunningServer;
  readonly loaders: readonly Loader[];
  readonly waits: number[];
}

/**
 * S2: the p99.9 latency of 64 connections beside 5,000 silent connections, compared with that of
 * the first entry, the raw engine, in the same round.
 */
export async function measureCrowd(
  openServers: (subject: SubjectName) => Promise<Servers>,
  entries: readonly Entry[],
  { seconds, rounds, generator, say }: FairnessOptions,
): Promise<CrowdRow[]> {
  const seats: Seat[] = [];
  const sessions: Servers[] = [];
  try {
    for (const entry of entries) {
      const servers = await openServers(entry.subject);
      sessions.push(servers);
      const server = await servers.start(entry);
      const loader = await Loader.open(generator, server.port, loadOf('W2'));
      const crowd = await Loader.open(generator, server.port, silent(silentConnections.S2));
      seats.push({ servers, server, loaders: [loader, crowd], waits: [] });
      await loader.time(warmupSeconds, seconds);
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const { servers, loaders, waits } of inTurn(seats, round)) {
        await servers.settle();
        waits.push((await (loaders[0] as Loader).time(warmupSeconds, seconds)).p999us);
      }
      const last = seats.map(({ server, waits }) => {
        return `${server.entry.label} ${Math.round(waits.at(-1) ?? 0)} µs`;
      });
      say(`S2 ${round + 1}/${rounds}  p99.9: ${last.join('  ')}`);
    }
    const base = seats[0] as Seat;
    return seats.map(({ server, waits }) => ({
      label: server.entry.label,
      connections: silentConnections.S2,
      p999us: waits,
      ratios: ratios(waits, base.waits),
    }));
  } finally {
    for (const { server } of seats) await server.stop();
    for (const { loaders } of seats) for (const loader of loaders) await loader.close();
    for (const servers of sessions) await servers.close();
  }
}
