import { type CallCounts, callsPerMessage } from './counting-kernel.js';
import { type Generator, Loader } from './generator.js';
import { RelayCounter } from './relay.js';
import type { CallsRow } from './results.js';
import type { RunningServer, Servers } from './servers.js';
import { countedEntriesOf, type Entry, entriesOf, type Workload } from './workloads.js';

/**
 * Subtracts the calls of N messages from those of 2N: calls at the start, while connecting and for
 * reports are the same in both.
 */
async function subtract(
  server: RunningServer,
  workload: Workload,
  generator: Generator,
  countsNow: () => Promise<CallCounts>,
): Promise<CallsRow> {
  const { countedMessages: messages, load } = workload;
  let loader: Loader | undefined;
  try {
    loader = await Loader.open(generator, server.port, load);
    await loader.count(messages);
    const first = await countsNow();
    await loader.count(messages);
    const second = await countsNow();
    await loader.count(2 * messages);
    const third = await countsNow();
    const calls = callsPerMessage(
      callsPerMessage(first, second, 1),
      callsPerMessage(second, third, 1),
      messages,
    );
    return { workload: workload.id, label: server.entry.label, calls };
  } finally {
    await server.stop();
    await loader?.close();
  }
}

/** Foreign calls per message of the counted engine servers, counted by a wrapped kernel. */
export async function measureForeignCalls(
  servers: Servers,
  workload: Workload,
  generator: Generator,
): Promise<CallsRow[]> {
  const rows: CallsRow[] = [];
  for (const entry of countedEntriesOf(workload)) {
    const server = await servers.start(entry, 'count');
    const countsNow = async () => (await server.report()).calls ?? {};
    rows.push(await subtract(server, workload, generator, countsNow));
  }
  return rows;
}

/** NT calls per message of all processes, from Wine's relay channel. Slow; Wine only. */
export async function measureRelayedCalls(
  servers: Servers,
  workload: Workload,
  generator: Generator,
): Promise<CallsRow[]> {
  await servers.limitRelay();
  const rows: CallsRow[] = [];
  for (const entry of entriesOf(workload).filter(isReporting)) {
    const counter = new RelayCounter();
    const server = await servers.start(entry, 'plain', {
      env: { WINEDEBUG: '-all,+relay' },
      onStderr: (text) => counter.read(text),
    });
    const countsNow = async () => {
      // Wine's output from before the answer may still be in transit, because it uses another
      // pipe.
      await server.report();
      await new Promise((done) => setTimeout(done, 300));
      return counter.counts();
    };
    rows.push(await subtract(server, workload, generator, countsNow));
  }
  return rows;
}

/** The blocking server reports only between two connections. */
const isReporting = ({ subject }: Entry) => subject !== 'blocking';
