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

/** What the client sends. */
const message = 'Tofu Engine';
/** The time limit for one wait. */
const waitLimitMs = 10_000;
/**
 * How long the client thread may take to report its result, after the server saw the end of the
 * stream.
 */
const answerLimitMs = 10_000;

/**
 * An echo server and one client in another thread. The client sends 11 bytes, receives the same 11
 * bytes and closes. The server receives one packet for the connect, one for the bytes and one for
 * the close. In the end no poll is pending and no block is left.
 */
export class Stage2Echo {
  protected readonly proof: Proof;
  readonly #limitMs: number;
  readonly #isThorough: boolean;
  readonly #blocksBefore = nativeMemory().blocks;
  #client: HelperThread<EchoTask, string> | undefined;
  #server: EchoServer<SktEndpoint> | undefined;
  #isClosed = false;

  /** @param names the names of a variant; default: those of this stage. */
  constructor(options: StageOptions = {}, names: StageNames = stage2Echo) {
    this.proof = new Proof(names.name, names.claim, options.print ?? printLine);
    this.#limitMs = options.waitLimitMs ?? waitLimitMs;
    this.#isThorough = options.isThorough ?? false;
  }

  /**
   * Runs the stage to its verdict. Blocks this thread until the client has closed or the time is
   * over.
   */
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
      proof.expect('the client received', this.#client.reply(answerLimitMs), message);
      proof.expect('packets: accept, receive, disconnect', counts.packets, 3);
      proof.expect('unknown packets', counts.unknown, 0);
      proof.expect('after the client, packets in 100 ms', server.turn(100), 0);
      proof.expect('polls pending, that of the listener', server.pendingPolls, 1);

      server.close();
      proof.expect('after close, polls pending', server.pendingPolls, 0);
      const left = nativeMemory().blocks - this.#blocksBefore;
      proof.expect('after close, native blocks left', left, 0);
      if (this.#isThorough) this.#takeFigures();
    });
  }

  /** The address for the server: a free port on the loopback address. */
  protected address(): TCPServerAddress | UDSServerAddress {
    return new TCPServerAddress('127.0.0.1', 0);
  }

  /** Creates the server that the stage checks. */
  protected createServer(): EchoServer<SktEndpoint> {
    return new EchoServer<SktEndpoint>(this.address());
  }

  /** Makes the client connect. Returns before it has connected. */
  protected startClient(endpoint: SktEndpoint): void {
    this.#client?.send({ connectTo: formatAddress(clientAddressOf(endpoint)), text: message });
  }

  #takeFigures(): void {
    this.proof.ask(echoFigures);
    takeEchoFigures(this.proof, () => this.createServer(), 3 * this.#limitMs);
  }

  /** Closes the server and ends the client's thread. Idempotent. */
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
