import type { RunArguments } from './arguments.js';
import { findGenerator, type Generator } from './generator.js';
import { hostRow, pinEverything } from './host.js';
import { Interruption } from './interruption.js';
import { measureForeignCalls, measureRelayedCalls } from './measure-calls.js';
import { measureDelays } from './measure-delays.js';
import { measureEngine } from './measure-engine.js';
import { measureNeighbour, measureShare } from './measure-fairness.js';
import { measureHttp } from './measure-http.js';
import { measureMemory } from './measure-memory.js';
import { measureCrowd, measureSilent } from './measure-silent.js';
import { measureSpeed } from './measure-speed.js';
import type {
  CallsRow,
  CrowdRow,
  DelayRow,
  EngineRow,
  HttpRow,
  MemoryRow,
  NeighbourRow,
  Results,
  ShareRow,
  SilentRow,
  SpeedRow,
} from './results.js';
import { Servers } from './servers.js';
import {
  baseline,
  besideCrowd,
  besideSilent,
  httpServers,
  loopServers,
  neighbours,
  type PresetName,
  presetNames,
  type SubjectName,
  sharers,
} from './subjects.js';
import { type Entry, entriesOf, plainEntries, type Workload, workloads } from './workloads.js';

/**
 * Time limits, so that a run ends within 10 minutes on a slow machine, too: with fewer rounds, or
 * without the last measurements.
 */
const workloadLimitSeconds = 60;
const runLimitSeconds = 480;

/**
 * Measures everything that the arguments select. A failed measurement is noted in the results, and
 * the others are done.
 *
 * @throws {UsageError} if the generator is not available.
 * @throws {WinnodeError} if this host cannot run Windows Node.
 * @throws {Interrupted} after a signal.
 */
export async function runBench(args: RunArguments, say: (line: string) => void): Promise<Results> {
  const date = new Date().toISOString();
  const generator = findGenerator(args.generator);
  const core = args.isPinned ? pinEverything() : undefined;
  const where =
    core === undefined ? 'no process is pinned' : `all processes are pinned to core ${core}`;
  say(`Load generator in ${generator.name === 'c' ? 'C' : 'Node'}; ${where}`);
  const run = new Run(args, generator, core, say);
  // On a host that cannot run Windows Node this throws once, before any measurement.
  await (await Servers.open(say)).close();
  try {
    const foreignCalls = await run.foreignCalls();
    const relayedNtCalls = await run.relayedCalls();
    const speed = await run.speed();
    const shares = await run.shares();
    const neighbours = await run.neighbours();
    const delays = await run.delays();
    const silent = await run.silent();
    const crowds = await run.crowds();
    const http = await run.http();
    const memory = await run.memory();
    const engine = await run.engine();
    const { pairs, seconds } = args;
    const settings = { pairs, seconds, generator: generator.name, core };
    const effects = { shares, neighbours, delays, silent, crowds, http };
    const measured = { speed, foreignCalls, relayedNtCalls, ...effects, memory, engine };
    return { schema: 1, date, host: hostRow(), settings, ...measured, notes: run.notes };
  } finally {
    run.interruption.release();
  }
}

/** Does the measurements one after another; a failed one does not stop the others. */
class Run {
  readonly notes: string[] = [];
  readonly interruption = new Interruption();
  readonly #beganMs = performance.now();
  readonly #args: RunArguments;
  readonly #generator: Generator;
  readonly #core: number | undefined;
  readonly #say: (line: string) => void;
  readonly #workloads: readonly Workload[];
  /**
   * False if the arguments select some workloads or subjects: memory and the engine alone are then
   * left out.
   */
  readonly #isWhole: boolean;

  constructor(
    args: RunArguments,
    generator: Generator,
    core: number | undefined,
    say: (line: string) => void,
  ) {
    this.#args = args;
    this.#generator = generator;
    this.#core = core;
    this.#say = say;
    this.#workloads = workloads.filter(({ id }) => args.workloads.includes(id));
    this.#isWhole = this.#workloads.length === workloads.length && args.subjects === undefined;
  }

  foreignCalls(): Promise<CallsRow[]> {
    const asked = this.#args.subjects === undefined ? this.#workloads : [];
    return this.#each(asked, 'foreign calls', (workload) =>
      this.#inSession((servers) => measureForeignCalls(servers, workload, this.#generator)),
    );
  }

  relayedCalls(): Promise<CallsRow[]> {
    const isAble = process.platform !== 'win32';
    if (this.#args.withRelay && !isAble)
      this.#note('NT calls were not counted: only Wine can count them');
    const asked = this.#args.withRelay && isAble ? this.#workloads : [];
    return this.#each(asked, 'NT calls by relay', (workload) =>
      this.#inSession((servers) => measureRelayedCalls(servers, workload, this.#generator)),
    );
  }

  speed(): Promise<SpeedRow[]> {
    const { pairs, seconds, subjects, isLimited } = this.#args;
    const options = {
      pairs,
      seconds,
      subjects,
      limitSeconds: isLimited ? workloadLimitSeconds : Number.POSITIVE_INFINITY,
      generator: this.#generator,
      say: this.#say,
      note: (line: string) => this.#note(line),
    };
    return this.#each(this.#workloads, 'speed', (workload) =>
      measureSpeed((subject) => this.#open(subject), workload, options),
    );
  }

  shares(): Promise<ShareRow[]> {
    const { isQuick, seconds } = this.#args;
    const entries = this.#entries('F1', isQuick ? sharers.slice(-4) : sharers);
    // Long enough for several messages on each of a thousand connections.
    const options = { seconds: 2.5 * seconds, generator: this.#generator, say: this.#say };
    return this.#each(entries, 'fairness, F1', (entry) =>
      this.#inSession(async (servers) => [await measureShare(servers, entry, options)]),
    );
  }

  neighbours(): Promise<NeighbourRow[]> {
    const { pairs, isForTargets } = this.#args;
    const options = this.#rounds(isForTargets ? pairs : Math.ceil(pairs / 3));
    return this.#each(this.#entries('F2', neighbours), 'fairness, F2', (entry) =>
      this.#inSession(async (servers) => [await measureNeighbour(servers, entry, options)]),
    );
  }

  delays(): Promise<DelayRow[]> {
    const { workloads: asked, pairs } = this.#args;
    const loads = workloads.filter(({ id }) => asked.includes(id.replace('W', 'D')));
    const entries = this.#chosen(loopServers);
    return this.#each(loads, 'delays', ({ id }) => {
      const open = (subject: SubjectName) => this.#open(subject);
      return measureDelays(open, entries, id as 'W2' | 'W6', this.#rounds(pairs));
    });
  }

  silent(): Promise<SilentRow[]> {
    const options = this.#rounds(this.#args.pairs);
    return this.#each(this.#entries('S1', besideSilent), 'silent connections, S1', (entry) =>
      this.#inSession(async (servers) => [await measureSilent(servers, entry, options)]),
    );
  }

  crowds(): Promise<CrowdRow[]> {
    const entries = this.#entries('S2', besideCrowd);
    const what = 'silent connections, S2';
    return this.#each(entries.slice(0, 1), what, () => {
      const open = (subject: SubjectName) => this.#open(subject);
      return measureCrowd(open, entries, this.#rounds(this.#args.pairs));
    });
  }

  http(): Promise<HttpRow[]> {
    const entries = this.#args.workloads.includes('H1') ? plainEntries(httpServers) : [];
    return this.#each(entries.slice(0, 1), 'HTTP, H1', () => {
      const open = (subject: SubjectName) => this.#open(subject);
      return measureHttp(open, entries, this.#rounds(this.#args.pairs));
    });
  }

  memory(): Promise<MemoryRow[]> {
    const [first] = workloads as [Workload];
    // These subjects handle an idle connection alike: they neither receive from it nor poll it
    // again. So one of them is measured.
    const entries = entriesOf(first).filter(
      ({ subject }) => subject !== 'blocking' && subject !== 'engine-asking',
    );
    return this.#each(this.#isWhole ? entries : [], 'memory', (entry) =>
      this.#inSession((servers) => measureMemory(servers, entry, this.#args.crowds)),
    );
  }

  engine(): Promise<EngineRow[]> {
    return this.#each(this.#isWhole ? presetNames : [], 'the engine alone', (preset) =>
      this.#inSession(async (servers) => [await measureEngine(servers, preset, this.#args)]),
    );
  }

  /** The entries of a measurement; empty if it is not selected. */
  #entries(id: string, names: readonly SubjectName[]): Entry[] {
    return this.#args.workloads.includes(id) ? this.#chosen(names) : [];
  }

  /**
   * Returns the selected subjects of a list, and always the subject to which the others are
   * compared.
   */
  #chosen(names: readonly SubjectName[]): Entry[] {
    const { subjects } = this.#args;
    const isChosen = (name: SubjectName, index: number) =>
      subjects === undefined ||
      subjects.includes(name) ||
      name === baseline ||
      (names === besideCrowd && index === 0);
    return plainEntries(names.filter(isChosen));
  }

  #rounds(rounds: number) {
    const { seconds } = this.#args;
    return { seconds, rounds, generator: this.#generator, say: this.#say };
  }

  #note(line: string): void {
    this.notes.push(line);
    this.#say(`note: ${line}`);
  }

  async #each<T extends Workload | Entry | PresetName, R>(
    list: readonly T[],
    what: string,
    measure: (item: T) => Promise<R[]>,
  ): Promise<R[]> {
    const rows: R[] = [];
    for (const item of list) {
      this.interruption.check();
      if (this.#args.isLimited && performance.now() - this.#beganMs > 1_000 * runLimitSeconds) {
        this.#note(`${what}: ${titleOf(item)}: left out, because the time limit was reached`);
        continue;
      }
      this.#say(`${what}: ${titleOf(item)}`);
      try {
        rows.push(...(await measure(item)));
      } catch (error) {
        this.interruption.check();
        this.#note(`${what}: ${titleOf(item)}: failed: ${(error as Error).message}`);
      }
    }
    this.interruption.check();
    return rows;
  }

  async #open(place?: string): Promise<Servers> {
    const servers = await Servers.open(this.#say, place);
    if (this.#core !== undefined) servers.pinTo(this.#core);
    return servers;
  }

  /**
   * Uses a new session for each measurement, so that the state of the wineserver does not carry
   * over.
   */
  async #inSession<T>(measure: (servers: Servers) => Promise<T>): Promise<T> {
    const servers = await this.#open();
    try {
      return await measure(servers);
    } finally {
      await servers.close();
    }
  }
}

function titleOf(item: Workload | Entry | PresetName): string {
  if (typeof item === 'string') return item;
  return 'id' in item ? `${item.id}, ${item.title}` : item.label;
}
