import type { WayName } from 'afd-poller';
import type { RunArguments } from './arguments.js';
import { baseline, ways } from './contestants.js';
import { findGenerator } from './generator.js';
import { hostRow, pinEverything } from './host.js';
import { measureForeignCalls, measureRelayedCalls } from './measure-calls.js';
import { measureEngine } from './measure-engine.js';
import { measureMemory } from './measure-memory.js';
import { measureSpeed } from './measure-speed.js';
import type { CallsRow, EngineRow, MemoryRow, Results, SpeedRow } from './results.js';
import { Servers } from './servers.js';
import { type Entry, entriesOf, type Workload, workloads } from './workloads.js';

/** Measures everything that was asked for. @throws {WinnodeError} when this host cannot. */
export async function runBench(args: RunArguments, say: (line: string) => void): Promise<Results> {
  const date = new Date().toISOString();
  const generator = findGenerator(args.generator);
  const core = args.isPinned ? pinEverything() : undefined;
  say(
    `Load generator in ${generator.name === 'c' ? 'C' : 'Node'}; ${
      core === undefined ? 'nothing is pinned' : `everything on core ${core}`
    }`,
  );
  const notes: string[] = [];
  const note = (line: string) => {
    notes.push(line);
    say(`note: ${line}`);
  };
  const inSession = <T>(measure: (servers: Servers) => Promise<T>) =>
    withServers(core, say, measure);
  const asked = workloads.filter(({ id }) => args.workloads.includes(id));

  const foreignCalls: CallsRow[] = [];
  const relayedNtCalls: CallsRow[] = [];
  await each(asked, note, 'foreign calls', async (workload) => {
    say(`${workload.id} foreign calls`);
    foreignCalls.push(...(await inSession((s) => measureForeignCalls(s, workload, generator))));
    if (!args.withRelay) return;
    if (process.platform === 'win32') throw new Error('only Wine has a relay channel');
    say(`${workload.id} NT calls, by Wine's relay channel`);
    relayedNtCalls.push(...(await inSession((s) => measureRelayedCalls(s, workload, generator))));
  });
  const speed: SpeedRow[] = [];
  await each(asked, note, 'speed', async (workload) => {
    say(`${workload.id}: ${workload.title}`);
    const options = { pairs: args.pairs, seconds: args.seconds, generator, say, note };
    speed.push(...(await inSession((servers) => measureSpeed(servers, workload, options))));
  });
  const memory: MemoryRow[] = [];
  const [first] = workloads as [Workload];
  const readers = entriesOf(first).filter(({ contestant }) => contestant !== 'blocking');
  const isWhole = args.workloads.length === workloads.length;
  await each(isWhole ? readers : [], note, 'memory', async (entry) => {
    say(`memory of ${entry.label}${entry.contestant === baseline ? '' : ', the engine'}`);
    memory.push(...(await inSession((servers) => measureMemory(servers, entry, args.crowds))));
  });
  const engine: EngineRow[] = [];
  await each(isWhole ? ways : [], note, 'the engine alone', async (way) => {
    say(`the engine alone: ${way}`);
    engine.push(await inSession((servers) => measureEngine(servers, way, args)));
  });
  const { pairs, seconds } = args;
  const settings = { pairs, seconds, generator: generator.name, core };
  const host = hostRow();
  return {
    schema: 1,
    date,
    host,
    settings,
    speed,
    foreignCalls,
    relayedNtCalls,
    memory,
    engine,
    notes,
  };
}

/** One session each: what one measurement left in a wineserver is not the next one's. */
async function withServers<T>(
  core: number | undefined,
  say: (line: string) => void,
  measure: (servers: Servers) => Promise<T>,
): Promise<T> {
  const servers = await Servers.open(say);
  try {
    if (core !== undefined) servers.pinTo(core);
    return await measure(servers);
  } finally {
    await servers.close();
  }
}

/** One that fails is noted, and the others are measured all the same. */
async function each<T extends Workload | Entry | WayName>(
  list: readonly T[],
  note: (line: string) => void,
  what: string,
  measure: (item: T) => Promise<void>,
): Promise<void> {
  for (const item of list) {
    try {
      await measure(item);
    } catch (error) {
      if ((error as Error).name === 'InterruptedError') throw error;
      const name = nameOf(item);
      note(`${what} of ${name} failed: ${(error as Error).message}`);
    }
  }
}

function nameOf(item: Workload | Entry | WayName): string {
  if (typeof item === 'string') return item;
  return 'id' in item ? item.id : item.label;
}
