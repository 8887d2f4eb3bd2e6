import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { nativeMemory } from 'ntdllx';
import {
  type AsyncStage,
  Proof,
  printLine,
  runStageAsync,
  type StageOptions,
  type Verdict,
} from 'poc-kit';
import type { ReactorMode } from 'tofu-reactor';
import type { ClientReport, ClientTask } from './client-thread.js';
import type { HeartbeatTask } from './heartbeat-thread.js';
import type { ManagementTask } from './management-thread.js';
import { HeartbeatServer } from './server.js';

/** The names of this stage. */
export const stage5 = {
  name: 'stage 5 reactor',
  claim:
    "a reactor in Node's event loop serves 100 clients, takes heartbeats and commands from other " +
    'threads, and shuts down gracefully, without a lost message',
} as const;

/** Options of the stage: those of every stage, and the reactor's mode. */
export interface Stage5Options extends StageOptions {
  /** Default: `auto`. */
  readonly mode?: ReactorMode | 'auto';
}

const clientCount = 100;
const pingsEach = 10;
/** The number of heartbeats of a short run and of a thorough run. */
const heartbeatCounts = [1_000, 20_000] as const;
/** The number of the client that a command dismisses while heartbeats are posted. */
const dismissed = 7;
const seed = 20_261_129;
const timerMs = 10;

/**
 * The reactor runs on this thread. A second thread has a hundred clients on its own reactor. A
 * third thread posts heartbeats for clients that are chosen at random. A fourth thread posts
 * commands: count the clients, dismiss one, shut down.
 */
export class Stage5Reactor implements AsyncStage {
  protected readonly proof: Proof;
  readonly #limitMs: number;
  readonly #mode: ReactorMode | 'auto';
  readonly #heartbeats: number;
  readonly #isThorough: boolean;
  readonly #blocksBefore = nativeMemory().blocks;
  readonly #workers = new Set<Worker>();
  #server: HeartbeatServer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: Stage5Options = {}) {
    this.#isThorough = options.isThorough ?? false;
    this.#heartbeats = heartbeatCounts[this.#isThorough ? 1 : 0];
    this.#limitMs = options.waitLimitMs ?? 30_000;
    this.#mode = options.mode ?? 'auto';
    this.proof = new Proof(stage5.name, stage5.claim, options.print ?? printLine);
  }

  /** Runs the stage to its verdict, in Node's event loop. */
  async run(): Promise<Verdict> {
    if (this.#isClosed) throw new Error('This stage is closed: construct another one.');
    return this.proof.concludeAsync(() => this.#prove());
  }

  /** Creates the server that the stage checks. */
  protected createServer(mode: ReactorMode | 'auto'): HeartbeatServer {
    return new HeartbeatServer(mode);
  }

  async #prove(): Promise<void> {
    const { proof } = this;
    const server = this.createServer(this.#mode);
    this.#server = server;
    const { reactor, counts } = server;
    const { mode, reason } = reactor.inspect();
    proof.note(`mode ${mode}: ${reason}`);
    let ticks = 0;
    this.#timer = setInterval(() => {
      ticks += 1;
    }, timerMs);
    const task: ClientTask = { endpoint: await server.listen(), clients: clientCount, pingsEach };
    const running = reactor.run();
    const clients = this.#start('client-thread', task);
    const reported = once(clients, 'message') as Promise<[ClientReport]>;
    await this.#until(
      server,
      () => server.clients === clientCount,
      'the first message of each client',
    );
    proof.require('clients connected', server.clients, clientCount);

    const isFree = () => server.pingsOf(dismissed) === pingsEach;
    await this.#until(server, isFree, 'the pings of the client that is dismissed');
    const remote = reactor.remoteData();
    const beats: HeartbeatTask = {
      remote,
      clients: clientCount,
      heartbeats: this.#heartbeats,
      seed,
    };
    const [posted] = (await Promise.all([
      this.#within(once(this.#start('heartbeat-thread', beats), 'message'), 'the heartbeat thread'),
      this.#manage(server, { remote, dismissed }),
    ])) as [[number], undefined];
    const expectedPings = clientCount * pingsEach;
    proof.expect('heartbeats posted by the other thread', posted[0], this.#heartbeats);
    proof.expect('heartbeats that the reactor received', counts.heartbeats, this.#heartbeats);
    proof.note(`${counts.late} of them were for the client that was dismissed`);
    proof.expect('pings answered', counts.pings, expectedPings);

    const [report] = await this.#within(reported, 'the report of the clients');
    this.#judge(server, report, expectedPings);
    await running;
    clearInterval(this.#timer);
    proof.expect(`a timer of ${timerMs} ms meanwhile`, ticks > 0 ? 'ran' : 'did not run', 'ran');
    await reactor.close();
    await this.#within(this.#ended(), 'the end of the threads');
    proof.expect('threads left', this.#workers.size, 0);
    proof.expect('after close, native blocks left', nativeMemory().blocks - this.#blocksBefore, 0);
  }

  /**
   * Runs the commands while heartbeats arrive, and the shutdown after all heartbeats and pings
   * have arrived.
   */
  async #manage(server: HeartbeatServer, task: ManagementTask): Promise<void> {
    const { proof } = this;
    const { counts } = server;
    const management = this.#start('management-thread', task);
    server.onAnswer = (answer) => management.postMessage(answer);
    await this.#within(once(management, 'message'), 'the answers to the commands');
    const isThrough = () =>
      counts.heartbeats >= this.#heartbeats && counts.pings >= clientCount * pingsEach;
    await this.#until(server, isThrough, 'the last heartbeats and pings');
    const answered = once(management, 'message');
    management.postMessage('shut down');
    const [answers] = await this.#within(answered, 'the shutdown');
    const left = clientCount - 1;
    const expected = [clientCount, left, left, left].join(' ');
    proof.expect('commands: count, dismiss, count, shutdown', answers.join(' '), expected);
  }

  #judge({ counts, clients }: HeartbeatServer, report: ClientReport, pings: number): void {
    const { proof } = this;
    const received = report.heartbeats.reduce((sum, count) => sum + count, 0);
    proof.expect('heartbeats received by the clients', received, this.#heartbeats - counts.late);
    proof.expect('heartbeats sent', counts.sent, received);
    const least = Math.min(...report.heartbeats.filter((_, client) => client !== dismissed));
    proof.expect('clients without a heartbeat', least > 0 ? 0 : 'some', 0);
    proof.expect('pongs received', report.pongs, pings);
    proof.expect('messages out of order', report.outOfOrder, 0);
    proof.expect('messages truncated or unknown', report.broken + counts.broken, 0);
    proof.expect('clients that ended gracefully', report.orderlyEnds, clientCount);
    proof.expect('connections that failed', counts.failed, 0);
    proof.expect('clients left', clients, 0);
  }

  #start(name: string, workerData: unknown): Worker {
    const worker = new Worker(new URL(`./${name}.js`, import.meta.url), { workerData });
    this.#workers.add(worker);
    // After a proof that ended early its threads must not keep the process alive.
    worker.unref();
    worker.on('error', (error) => process.stderr.write(`${name}: ${error.message}\n`));
    worker.on('exit', () => this.#workers.delete(worker));
    return worker;
  }

  async #ended(): Promise<void> {
    for (const worker of [...this.#workers]) {
      if (this.#workers.has(worker)) await once(worker, 'exit');
    }
  }

  /**
   * Waits until a condition on the server's counters holds.
   *
   * @throws {Error} when the time is over before.
   */
  #until(server: HeartbeatServer, isTrue: () => boolean, what: string): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      const check = () => {
        if (!isTrue()) return;
        server.changes.delete(check);
        resolve();
      };
      server.changes.add(check);
      check();
    });
    return this.#within(reached, what);
  }

  async #within<T>(promise: Promise<T>, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<never>((_, reject) => {
      const fail = () =>
        reject(new Error(`Timed out after ${this.#limitMs} ms, waiting for ${what}.`));
      timer = setTimeout(fail, this.#limitMs);
    });
    try {
      return await Promise.race([promise, over]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the reactor, which ends the clients. Idempotent. @throws {PollerError} for a leak. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#server?.reactor.close();
  }
}

/** Constructs, runs and closes the stage. */
export function runTest(options: Stage5Options = {}): Promise<Verdict> {
  return runStageAsync(new Stage5Reactor(options));
}
