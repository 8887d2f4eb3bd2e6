import { nativeMemory } from 'ntdllx';
import {
  Deadline,
  HelperThread,
  listeningAt,
  Proof,
  printLine,
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
  TCPServerAddress,
  type UDSServerAddress,
} from 'tofu-sockets';
import type { EchoTask } from './echo-client.js';
import { echoFigures, takeEchoFigures } from './echo-figures.js';
import { EchoServer } from './echo-server.js';

/** The names of this stage. */
export const stage2Echo = {
  name: 'stage 2 echo',
  claim: 'accept, receive, send, re-arm and close, through the completion port alone',
} as const;

/** What the client says. */
const message = 'Tofu Engine';
/** The plan's limit for one wait. */
const waitLimitMs = 10_000;
/** How long the client may take to answer, once the server saw its end. */
const answerLimitMs = 10_000;

/**
 * An echo server and one client in another thread. The client sends 11 bytes, receives the same 11
 * and closes; the server sees each of these steps as one packet, and in the end nothing is left.
 */
export class Stage2Echo {
  protected readonly proof: Proof;
  readonly #limitMs: number;
  readonly #isThorough: boolean;
  readonly #blocksBefore = nativeMemory().blocks;
  #client: HelperThread<EchoTask, string> | undefined;
  #server: EchoServer<SktEndpoint> | undefined;
  #isClosed = false;

  /** @param names those of a variant; default: this stage's. */
  constructor(options: StageOptions = {}, names: StageNames = stage2Echo) {
    this.proof = new Proof(names.name, names.claim, options.print ?? printLine);
    this.#limitMs = options.waitLimitMs ?? waitLimitMs;
    this.#isThorough = options.isThorough ?? false;
  }

  /** Runs the stage to its verdict. Blocks this thread until the client left or the time is over. */
  run(): Verdict {
    if (this.#isClosed) throw new Error('This stage is closed: construct another one.');
    const { proof } = this;
    return proof.conclude(() => {
      this.#client = new HelperThread<EchoTask, string>(
        new URL('./echo-client.js', import.meta.url),
      ).ready();
      const server = whereSupported(proof, () => this.createServer());
      this.#server = server;
      const { counts, endpoint } = server;
      proof.note(listeningAt(endpoint));
      proof.require('before any client, packets in 100 ms', server.turn(100), 0);

      this.startClient(endpoint);
      const deadline = new Deadline(this.#limitMs);
      while (counts.ended + counts.broken === 0 && !deadline.isOver) {
        server.turn(Math.min(deadline.remainingMs, 1_000));
      }

      proof.expect('connections accepted', counts.accepted, 1);
      proof.expect('bytes received', counts.received, message.length);
      proof.expect('bytes sent', counts.sent, message.length);
      proof.require('connections ended by the client', counts.ended, 1);
      proof.expect('the client got back', this.#client.reply(answerLimitMs), message);
      proof.expect('packets: accept, receive, disconnect', counts.packets, 3);
      proof.expect('unknown packets', counts.unknown, 0);
      proof.expect('after it, packets in 100 ms', server.turn(100), 0);
      proof.expect('polls pending: the listener’s', server.pendingPolls, 1);

      server.close();
      proof.expect('closed, polls pending', server.pendingPolls, 0);
      const left = nativeMemory().blocks - this.#blocksBefore;
      proof.expect('closed, native blocks left', left, 0);
      if (this.#isThorough) this.#takeFigures();
    });
  }

  /** Where a server listens: a free port of the loopback. */
  protected address(): TCPServerAddress | UDSServerAddress {
    return new TCPServerAddress('127.0.0.1', 0);
  }

  /** The server that is to be proven. */
  protected createServer(): EchoServer<SktEndpoint> {
    return new EchoServer<SktEndpoint>(this.address());
  }

  /** Lets the client come; returns before it does. */
  protected startClient(endpoint: SktEndpoint): void {
    this.#client?.send({ connectTo: formatAddress(clientAddressOf(endpoint)), text: message });
  }

  #takeFigures(): void {
    this.proof.ask(echoFigures);
    takeEchoFigures(this.proof, () => this.createServer(), 3 * this.#limitMs);
  }

  /** Closes the server and ends the client. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#client?.close();
    this.#server?.close();
  }
}

/** Constructs, runs and closes the stage. */
export function runTest(options: StageOptions = {}): Verdict {
  return runStage(new Stage2Echo(options));
}
