import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentBytes } from './host.js';
import type { MemoryRow } from './results.js';
import type { ServerReport } from './server-report.js';
import type { RunningServer, Servers } from './servers.js';
import type { Entry } from './workloads.js';

/** Connects in a batch; more would overrun the listener's backlog. */
const batch = 250;
const arriveLimitMs = 60_000;

interface Reading {
  readonly report: ServerReport;
  readonly resident: number | undefined;
  readonly wineserver: number | undefined;
}

/** Measures the memory that a server needs for each idle connection. */
export async function measureMemory(
  servers: Servers,
  entry: Entry,
  crowds: readonly number[],
): Promise<MemoryRow[]> {
  const server = await servers.start(entry, 'plain', { nodeOptions: ['--expose-gc'] });
  const sockets: Socket[] = [];
  try {
    // The first connections include allocations that happen once.
    await connect(server, sockets, 10);
    const before = await read(servers, server);
    const rows: MemoryRow[] = [];
    for (const connections of crowds) {
      await connect(server, sockets, 10 + connections);
      const after = await read(servers, server);
      const each = (pick: (reading: Reading) => number | undefined) => {
        const [was, now] = [pick(before), pick(after)];
        return was === undefined || now === undefined ? undefined : (now - was) / connections;
      };
      rows.push({
        label: entry.label,
        connections,
        heap: each(({ report }) => report.heapBytes) as number,
        external: each(({ report }) => report.externalBytes) as number,
        native: each(({ report }) => report.nativeBytes) as number,
        resident: each(({ resident }) => resident),
        wineserverResident: each(({ wineserver }) => wineserver),
      });
    }
    return rows;
  } finally {
    // The server ends before its clients: see measureSpeed.
    await server.stop();
    for (const socket of sockets) socket.destroy();
  }
}

async function connect(server: RunningServer, sockets: Socket[], count: number): Promise<void> {
  while (sockets.length < count) {
    const fresh = Array.from({ length: Math.min(batch, count - sockets.length) }, () => {
      const socket = createConnection({ port: server.port, host: '127.0.0.1' });
      sockets.push(socket);
      return once(socket, 'connect').then(() => socket.on('error', () => {}));
    });
    await Promise.all(fresh);
  }
  const deadlineMs = performance.now() + arriveLimitMs;
  while ((await server.report()).connections < count) {
    if (performance.now() > deadlineMs)
      throw new Error(`The server did not accept all ${count} connections in time.`);
    await sleep(100);
  }
}

async function read(servers: Servers, server: RunningServer): Promise<Reading> {
  const report = await server.report();
  const { wineserver } = servers;
  return {
    report,
    resident: residentBytes(server.pid),
    wineserver: wineserver === undefined ? undefined : residentBytes(wineserver),
  };
}
