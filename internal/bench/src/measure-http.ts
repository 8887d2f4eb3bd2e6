import autocannon from 'autocannon';
import { inTurn } from './measure-speed.js';
import type { HttpRow } from './results.js';
import type { RunningServer, Servers } from './servers.js';
import { ratios } from './statistics.js';
import type { SubjectName } from './subjects.js';
import type { Entry } from './workloads.js';

const connections = 64;
const warmupSeconds = 1;
/** autocannon opens its connections anew in each round; in this time that matters little. */
const leastSeconds = 2;

interface Seat {
  readonly servers: Servers;
  readonly server: RunningServer;
  readonly rates: number[];
  readonly p99us: number[];
}

/**
 * H1: requests of autocannon over connections that are kept alive. All servers run the whole time;
 * each is loaded in turn, in a different order each round. The last entry is the baseline.
 */
export async function measureHttp(
  openServers: (subject: SubjectName) => Promise<Servers>,
  entries: readonly Entry[],
  { seconds, rounds, say }: { seconds: number; rounds: number; say: (line: string) => void },
): Promise<HttpRow[]> {
  const seats: Seat[] = [];
  const sessions: Servers[] = [];
  try {
    for (const entry of entries) {
      const servers = await openServers(entry.subject);
      sessions.push(servers);
      const seat = { servers, server: await servers.start(entry), rates: [], p99us: [] };
      seats.push(seat);
      await load(seat.server, warmupSeconds);
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const { servers, server, rates, p99us } of inTurn(seats, round)) {
        await servers.settle();
        const result = await load(server, Math.max(seconds, leastSeconds));
        rates.push(result['2xx'] / result.duration);
        p99us.push(result.latency.p99 * 1_000);
      }
      const last = seats.map(({ server, rates }) => {
        return `${server.entry.label} ${Math.round(rates.at(-1) ?? 0)}/s`;
      });
      say(`H1 ${round + 1}/${rounds}  ${last.join('  ')}`);
    }
    const base = seats.at(-1) as Seat;
    return seats.map(({ server, rates, p99us }) => {
      return { label: server.entry.label, rates, p99us, ratios: ratios(rates, base.rates) };
    });
  } finally {
    for (const { server } of seats) await server.stop();
    for (const servers of sessions) await servers.close();
  }
}

/** @throws {Error} if a request failed, or none was answered. */
async function load({ port, entry }: RunningServer, seconds: number) {
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/`,
    connections,
    duration: seconds,
  });
  const { errors, timeouts, non2xx, mismatches } = result;
  if (errors + timeouts + non2xx + mismatches > 0 || result['2xx'] === 0) {
    throw new Error(
      `${entry.label}: of autocannon's requests ${result['2xx']} were answered, ` +
        `${errors} failed, ${timeouts} timed out, ${non2xx} had another status than 2xx`,
    );
  }
  return result;
}
