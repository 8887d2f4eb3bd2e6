import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { UsageError } from './arguments.js';
import { type Load, windowBytes } from './workloads.js';

/** The answer of a generator to a command. */
export interface LoadResult {
  readonly generator: 'c' | 'node';
  readonly seconds: number;
  /** Messages within the measured window, and in total. */
  readonly messages: number;
  readonly total: number;
  readonly bytes: number;
  /**
   * Messages within the window on the active connection with the fewest, and on the one with the
   * most.
   */
  readonly slowest: number;
  readonly fastest: number;
  /** Latencies; 0 for a stream, which has none. */
  readonly p50us: number;
  readonly p99us: number;
  readonly p999us: number;
  /** CPU time of each given process within the window; empty if it cannot be measured. */
  readonly cpuNs: readonly number[];
}

/** The program that generates the load. */
export interface Generator {
  readonly name: 'c' | 'node';
  readonly file: string;
  readonly args: readonly string[];
}

const source = fileURLToPath(new URL('../../native/loadgen.c', import.meta.url));
const script = fileURLToPath(new URL('./generate.js', import.meta.url));
/** This package's cache directory, ignored by git. */
export const cacheDirectory = fileURLToPath(
  new URL('../../node_modules/.cache/bench/', import.meta.url),
);

/**
 * Compiles the generator in C, once for each version of its source; undefined without a compiler.
 */
function compile(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const digest = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const program = join(cacheDirectory, `loadgen-${digest}`);
  if (existsSync(program)) return program;
  mkdirSync(cacheDirectory, { recursive: true });
  const fresh = `${program}.${process.pid}`;
  const { status } = spawnSync('cc', ['-O2', '-o', fresh, source], { stdio: 'ignore' });
  if (status !== 0) return undefined;
  renameSync(fresh, program);
  return program;
}

/**
 * The generator in C on Linux with a compiler; elsewhere, or on request, the one in Node.
 *
 * @throws {UsageError} if the one in C is requested and not available.
 */
export function findGenerator(asked?: 'c' | 'node'): Generator {
  const program = asked === 'node' ? undefined : compile();
  if (program !== undefined) return { name: 'c', file: program, args: [] };
  if (asked === 'c') {
    throw new UsageError('The generator in C needs Linux and a C compiler named cc.');
  }
  return { name: 'node', file: process.execPath, args: [script] };
}

/** A generator that is connected to a server and waits for commands. */
export class Loader {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    const input = child.stdout as NodeJS.ReadableStream;
    this.#lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  /**
   * Connects to a server.
   *
   * @param pids processes whose CPU time is measured
   */
  static async open(
    { name, file, args }: Generator,
    port: number,
    load: Load,
    pids: readonly number[] = [],
  ): Promise<Loader> {
    const options = {
      '-p': port,
      '-m': load.mode,
      '-n': load.connections,
      '-a': load.active,
      '-s': load.bytes,
      '-q': windowBytes,
      // A server needs time to accept many connections: a connection that it has not accepted yet
      // would count as idle.
      '-S': load.connections > 100 ? 500 : 50,
      ...(name === 'c' && pids.length > 0 ? { '-P': pids.join() } : {}),
    };
    const flags = Object.entries(options).flatMap(([flag, value]) => [flag, `${value}`]);
    const child = spawn(file, [...args, ...flags], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin?.on('error', () => {});
    const loader = new Loader(child);
    await loader.#line();
    return loader;
  }

  /** Generates load for this time. */
  async time(warmupSeconds: number, seconds: number): Promise<LoadResult> {
    this.#child.stdin?.write(`time ${warmupSeconds} ${seconds}\n`);
    return JSON.parse(await this.#line()) as LoadResult;
  }

  /** Sends this many messages. */
  async count(messages: number): Promise<LoadResult> {
    this.#child.stdin?.write(`count ${messages}\n`);
    return JSON.parse(await this.#line()) as LoadResult;
  }

  /** Ends the generator and its connections. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done !== true) return value;
    const { exitCode } = this.#child;
    throw new Error(`The load generator ended with exit code ${exitCode}. Its message is above.`);
  }
}
