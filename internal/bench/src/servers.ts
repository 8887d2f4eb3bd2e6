import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findWindowsNode, findWine, openSession, prefixPath, type Session } from 'winnode';
import { cacheDirectory } from './generator.js';
import { cpuTicks, pin } from './host.js';
import { relayFilter } from './relay.js';
import type { ServerPorts, ServerReport } from './server-report.js';
import type { Entry } from './workloads.js';

/** An echo server that runs in a process of its own. */
export interface RunningServer {
  readonly entry: Entry;
  readonly pid: number;
  readonly port: number;
  /** Its current report. */
  report(): Promise<ServerReport>;
  /** Ends it. No client may be connected. */
  stop(): Promise<void>;
}

/** Options of a start; usually none. */
export interface StartOptions {
  readonly nodeOptions?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Called with the server's standard error; default: it is written to this process's. */
  readonly onStderr?: (text: string) => void;
}

const scriptNamed = (name: string) => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
const startLimitMs = 30_000;

/**
 * Runs Windows Node for measurements. Under Wine it uses a prefix of its own. So its wineserver
 * serves only the measurement and can be pinned, and other programs under Wine are not measured.
 */
export class Servers {
  readonly #session: Session;
  readonly #env: NodeJS.ProcessEnv;
  readonly #noteFile: string | undefined;

  private constructor(session: Session, env: NodeJS.ProcessEnv, noteFile: string | undefined) {
    this.#session = session;
    this.#env = env;
    this.#noteFile = noteFile;
  }

  /**
   * @param place a name; sessions with different names have different prefixes and wineservers.
   * @throws {WinnodeError} if this host cannot run Windows Node.
   */
  static async open(say: (line: string) => void, place = 'shared'): Promise<Servers> {
    const env: NodeJS.ProcessEnv = { ...process.env };
    if (process.platform === 'win32') {
      return new Servers(await openSession({ env }), env, undefined);
    }
    delete env['WINNODE_PREFIX'];
    env['WINNODE_CACHE'] = join(cacheDirectory, `winnode-${place}`);
    const session = await openSession({ env, onProgress: say });
    const prefix = prefixPath(findWine(env), findWindowsNode(env), env);
    return new Servers(session, env, join(prefix, '.winnode', 'wineserver-by-winnode'));
  }

  /** The pid of this session's wineserver; undefined if there is none. */
  get wineserver(): number | undefined {
    if (this.#noteFile === undefined) return undefined;
    try {
      return Number.parseInt(readFileSync(this.#noteFile, 'utf8'), 10);
    } catch {
      return undefined;
    }
  }

  /** Pins the wineserver to a core, in case it started before this process was pinned. */
  pinTo(core: number): void {
    if (this.wineserver !== undefined) pin(this.wineserver, core);
  }

  /**
   * Waits until the wineserver is idle. After a server under load has ended, this may take a
   * while.
   *
   * @returns false if the wineserver is still busy after 5 s
   */
  async settle(): Promise<boolean> {
    const pid = this.wineserver;
    if (pid === undefined) return true;
    for (let tries = 0; tries < 50; tries += 1) {
      const before = cpuTicks(pid);
      await sleep(tries === 0 ? 30 : 100);
      if (before === undefined || (cpuTicks(pid) ?? 0) - before <= 1) return true;
    }
    return false;
  }

  /**
   * Starts a subject.
   *
   * @param mode `count` counts its foreign calls; `delays` measures the delays of other work in
   *   its process
   */
  async start(
    entry: Entry,
    mode: 'plain' | 'count' | 'delays' = 'plain',
    { nodeOptions = [], env = {}, onStderr }: StartOptions = {},
  ): Promise<RunningServer> {
    const args = [...nodeOptions, scriptNamed('serve'), entry.subject, `${entry.bufferBytes}`];
    // If winnode repeats a failed start, the last child is the server.
    let child: ChildProcess | undefined;
    let heard = (_line: string) => {};
    const firstLine = new Promise<string>((done) => {
      heard = done;
    });
    const ended = this.#session.run([...args, mode], {
      env: { ...this.#env, ...env },
      stdio: ['ignore', 'pipe', onStderr === undefined ? 'inherit' : 'pipe'],
      onSpawn: (process) => {
        child = process;
        createInterface({ input: process.stdout as NodeJS.ReadableStream }).once('line', heard);
        if (onStderr !== undefined) process.stderr?.setEncoding('latin1').on('data', onStderr);
      },
    });
    const stopped = ended.then(({ exitCode }) => {
      throw new Error(`The server ${entry.label} ended with exit code ${exitCode}.`);
    });
    stopped.catch(() => {});
    const limit = new AbortController();
    const tooLong = sleep(startLimitMs, undefined, { signal: limit.signal }).then(() => {
      throw new Error(`The server ${entry.label} did not print its ports within the time limit.`);
    });
    tooLong.catch(() => {});
    const line = await Promise.race([firstLine, stopped, tooLong]);
    limit.abort();
    const { port, control } = JSON.parse(line) as ServerPorts;
    return {
      entry,
      pid: (child as unknown as ChildProcess).pid as number,
      port,
      report: () => ask(control),
      async stop() {
        (child as unknown as ChildProcess).kill('SIGKILL');
        await ended;
      },
    };
  }

  /**
   * Runs a script of this package to its end.
   *
   * @returns the JSON that it printed
   */
  async runScript<T>(name: string, args: readonly string[]): Promise<T> {
    let text = '';
    const { exitCode } = await this.#session.run([scriptNamed(name), ...args], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'inherit'],
      onSpawn: ({ stdout }) => {
        stdout?.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
      },
    });
    if (exitCode !== 0) throw new Error(`${name} ended with exit code ${exitCode}.`);
    return JSON.parse(text) as T;
  }

  /** Limits Wine's relay channel in this prefix to the counted calls. */
  async limitRelay(): Promise<void> {
    const code = `require('node:child_process').execFileSync('reg', ${JSON.stringify(relayFilter)})`;
    const { exitCode } = await this.#session.run(['-e', code], { env: this.#env });
    if (exitCode !== 0) throw new Error('The registry of the prefix could not be written.');
  }

  /** Ends everything that this session started, including the wineserver. */
  async close(): Promise<void> {
    await this.#session.close();
  }
}

/** Requests a report from a control port. */
async function ask(control: number): Promise<ServerReport> {
  const socket = createConnection({ port: control, host: '127.0.0.1' });
  try {
    socket.setTimeout(startLimitMs, () =>
      socket.destroy(new Error('The server sent no report within the time limit.')),
    );
    socket.write('?');
    let text = '';
    for await (const part of socket.setEncoding('utf8')) {
      text += part;
      if (text.endsWith('\n')) return JSON.parse(text) as ServerReport;
    }
    throw new Error('The server closed the connection to its control port without a report.');
  } finally {
    socket.destroy();
  }
}
