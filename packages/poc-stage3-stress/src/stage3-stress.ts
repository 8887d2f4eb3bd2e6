import { nativeMemory } from 'ntdllx';
import {
  Deadline,
  HelperThread,
  Proof,
  printLine,
  runAll,
  runStage,
  type StageNames,
  type StageOptions,
  type Verdict,
  whereSupported,
} from 'poc-kit';
import {
  clientAddressOf,
  formatAddress,
  type SktEndpoint,
  SocketCreator,
  TCPServerAddress,
  type UDSServerAddress,
} from 'tofu-sockets';
import { churn, requireRounds } from './churn.js';
import { PartialDrain } from './partial-drain.js';
import type { PingTask } from './ping-client.js';
import { PingServer } from './ping-server.js';
import { stressFigures, takeStressFigures } from './stress-figures.js';

/** The names of this stage. */
export const stage3Stress = {
  name: 'stage 3 stress',
  claim: 'the engine answers every message, and survives cancellation and churn with nothing left',
} as const;

/** Options of the stage. */
export interface Stage3Options extends StageOptions {
  /** The number of rounds of churn, 21 or more; default: 100, and 1,000 in a thorough run. */
  readonly churnRounds?: number;
}

/** The numbers of tofu's specifications. */
const clientCount = 5;
const pingsEach = 10;
const waitLimitMs = 30_000;
const answerLimitMs = 10_000;
/**
 * How many bytes the server with 8 buffers of 16 KiB receives. They fill the buffers at least 8
 * times.
 */
const drainBytes = 2 ** 20;
const leastPauses = 8;

/** Starts a client in its own thread, which reports when it is ready. */
export function startPingClient(): HelperThread<PingTask, number> {
  return new HelperThread(new URL('./ping-client.js', import.meta.url));
}

/**
 * Five clients in five threads, each with its own poller, send ten pings each. All fifty must be
 * answered; a wait without events is not a success. Then follow the partial drain and the churn.
 */
export class Stage3Stress {
  protected readonly proof: Proof;
  readonly #limitMs: number;
  readonly #rounds: number;
  readonly #isThorough: boolean;
  readonly #blocksBefore = nativeMemory().blocks;
  readonly #clients: HelperThread<PingTask, number>[] = [];
  #server: PingServer<SktEndpoint> | undefined;
  #isClosed = false;

  /** @throws {RangeError} if `churnRounds` is too small. */
  constructor(options: Stage3Options = {}, names: StageNames = stage3Stress) {
    this.#isThorough = options.isThorough ?? false;
    this.#rounds = requireRounds(options.churnRounds ?? (this.#isThorough ? 1_000 : 100));
    this.#limitMs = options.waitLimitMs ?? waitLimitMs;
    this.proof = new Proof(names.name, names.claim, options.print ?? printLine);
  }

  /** Runs the stage to its verdict. Blocks this thread. */
  run(): Verdict {
    if (this.#isClosed) throw new Error('This stage is closed: construct another one.');
    return this.proof.conclude(() => {
      this.#answerAll();
      this.#drain();
      this.#churn();
      if (this.#isThorough) this.#takeFigures();
    });
  }

  /** The address for a server: a free port on the loopback address. */
  protected address(): TCPServerAddress | UDSServerAddress {
    return new TCPServerAddress('127.0.0.1', 0);
  }

  /** Creates the server that answers the pings. */
  protected createServer(): PingServer<SktEndpoint> {
    return new PingServer<SktEndpoint>(new SocketCreator(), this.address());
  }

  #answerAll(): void {
    const { proof } = this;
    const expected = clientCount * pingsEach;
    const server = whereSupported(proof, () => this.createServer());
    this.#server = server;
    const { counts, endpoint } = server;
    const connectTo = formatAddress(clientAddressOf(endpoint));
    for (let index = 0; index < clientCount; index += 1) {
      this.#clients.push(startPingClient());
    }
    for (const client of this.#clients) client.ready();
    for (const client of this.#clients) client.send({ connectTo, pings: pingsEach });
    const deadline = new Deadline(this.#limitMs);
    while (counts.ended + counts.broken < clientCount && !deadline.isOver) server.turn(100);

    proof.expect('clients accepted', counts.accepted, clientCount);
    proof.require('pings answered', counts.pings, expected);
    const answered = this.#clients.map((client) => client.reply(answerLimitMs));
    proof.expect('answers received, by client', answered.join(' '), '10 10 10 10 10');
    proof.expect('clients that ended gracefully', counts.ended, clientCount);
    proof.expect('unknown packets', server.poller.inspect().unknown, 0);
    server.close();
    proof.expect('after close, polls pending', server.poller.inspect().pending, 0);
    const left = nativeMemory().blocks - this.#blocksBefore;
    proof.expect('after close, native blocks left', left, 0);
  }

  /** Creates the server with few buffers. */
  protected createDrain(): PartialDrain {
    return new PartialDrain(this.address());
  }

  #drain(): void {
    const { proof } = this;
    const drain = this.createDrain();
    try {
      const counts = drain.run(drainBytes, this.#limitMs);
      proof.note(`${counts.pauses} times all ${counts.mostBuffers} buffers were in use`);
      proof.expect('partial drain: bytes in order', counts.inOrder, drainBytes);
      proof.expect('partial drain: end of the stream', counts.isEnded ? 'yes' : 'no', 'yes');
      proof.expect('events while reading paused', counts.eventsWhilePaused, 0);
      const times = counts.pauses >= leastPauses ? 'yes' : 'no';
      proof.expect(`reading paused ${leastPauses} times or more`, times, 'yes');
      proof.expect(
        'pauses after which the data were reported at once',
        counts.reportedAtOnce,
        counts.pauses,
      );
    } finally {
      drain.close();
    }
    const left = nativeMemory().blocks - this.#blocksBefore;
    proof.expect('after the partial drain, native blocks left', left, 0);
  }

  #churn(): void {
    const { proof } = this;
    const rounds = this.#rounds;
    const counts = churn(rounds, () => this.createServer());
    proof.note(`${counts.restarts} pollers closed with ${counts.pendingAtRestart} polls pending`);
    proof.expect('clients that vanished inside a message', counts.vanished, rounds);
    proof.expect('clients served although others vanished', counts.served, rounds);
    proof.expect('registrations removed while a poll completed', counts.removed, rounds);
    proof.expect('after the churn, polls pending', counts.pendingLeft, 0);
    proof.expect('after the churn, native blocks left', counts.blocksLeft, 0);
    proof.expect('value of a new handle, as after server 2', counts.lastHandle, counts.firstHandle);
  }

  #takeFigures(): void {
    this.proof.ask(stressFigures);
    takeStressFigures(this.proof, () => this.createServer());
  }

  /** Ends the clients and closes the server. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    runAll([...this.#clients.map((client) => () => client.close()), () => this.#server?.close()]);
  }
}

/** Constructs, runs and closes the stage. @throws {RangeError} as the constructor. */
export function runTest(options: Stage3Options = {}): Verdict {
  return runStage(new Stage3Stress(options));
}
