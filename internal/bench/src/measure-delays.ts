import { Loader } from './generator.js';
import type { FairnessOptions } from './measure-fairness.js';
import { inTurn } from './measure-speed.js';
import type { DelayRow } from './results.js';
import type { RunningServer, Servers } from './servers.js';
import { ratios } from './statistics.js';
import { baseline, type SubjectName } from './subjects.js';
import { type Entry, loadOf } from './workloads.js';

const warmupSeconds = 0.2;
/**
 * Long enough for several reads: under these loads a turn of Node's loop takes 50 ms (W2) to 300 ms
 * (W6), and a read takes several turns.
 */
const leastSeconds = { W2: 4, W6: 8 };

type Delays = Pick<DelayRow, 'timerP50us' | 'timerP99us' | 'readP50us' | 'readP99us'>;

interface Seat {
  readonly servers: Servers;
  readonly server: RunningServer;
  readonly loader: Loader;
  readonly delays: { readonly [K in keyof Delays]: number[] };
}

/**
 * D2, D6: measures the delay of a 10 ms timer and the duration of fs.readFile in a server under the
 * load W2 or W6. The servers are loaded in turn.
 */
export async function measureDelays(
  openServers: (subject: SubjectName) => Promise<Servers>,
  entries: readonly Entry[],
  workload: 'W2' | 'W6',
  { seconds, rounds, generator, say }: FairnessOptions,
): Promise<DelayRow[]> {
  const seats: Seat[] = [];
  const sessions: Servers[] = [];
  try {
    for (const entry of entries) {
      const servers = await openServers(entry.subject);
      sessions.push(servers);
      const server = await servers.start(entry, 'delays');
      const loader = await Loader.open(generator, server.port, loadOf(workload));
      const delays = { timerP50us: [], timerP99us: [], readP50us: [], readP99us: [] };
      seats.push({ servers, server, loader, delays });
      await loader.time(warmupSeconds, warmupSeconds);
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const seat of inTurn(seats, round))
        await measureOnce(seat, Math.max(seconds, leastSeconds[workload]));
      const last = seats.map(({ server, delays }) => {
        const [timer, read] = [delays.timerP50us.at(-1) ?? 0, delays.readP50us.at(-1) ?? 0];
        return `${server.entry.label} timer ${Math.round(timer)} µs, read ${Math.round(read)} µs`;
      });
      say(`D ${workload} ${round + 1}/${rounds}  ${last.join('  ')}`);
    }
    return rowsOf(workload, seats);
  } finally {
    for (const { server } of seats) await server.stop();
    for (const { loader } of seats) await loader.close();
    for (const servers of sessions) await servers.close();
  }
}

async function measureOnce({ servers, server, loader, delays }: Seat, seconds: number) {
  await servers.settle();
  const loaded = loader.time(0, seconds + warmupSeconds);
  // The report resets the delays. They are recorded from now on, while the load lasts.
  await server.report();
  await loaded;
  const { delays: seen } = await server.report();
  if (seen === undefined || seen.timer.count === 0 || seen.readFile.count === 0) {
    throw new Error(
      `${server.entry.label}: neither its timer nor its fs.readFile finished during the load`,
    );
  }
  delays.timerP50us.push(seen.timer.p50us);
  delays.timerP99us.push(seen.timer.p99us);
  delays.readP50us.push(seen.readFile.p50us);
  delays.readP99us.push(seen.readFile.p99us);
}

function rowsOf(workload: string, seats: readonly Seat[]): DelayRow[] {
  const base = seats.find(({ server }) => server.entry.subject === baseline) as Seat;
  return seats.map(({ server, delays }) => {
    const toBase = (name: keyof Delays) => ratios(delays[name], base.delays[name]);
    return {
      workload,
      label: server.entry.label,
      ...delays,
      timerP50Ratios: toBase('timerP50us'),
      timerP99Ratios: toBase('timerP99us'),
      readP50Ratios: toBase('readP50us'),
      readP99Ratios: toBase('readP99us'),
    };
  });
}
