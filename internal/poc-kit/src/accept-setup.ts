import type { HANDLE } from 'ntdllx';
import {
  type AcceptedSkt,
  clientAddressOf,
  type ListenerSkt,
  type Skt,
  type SktEndpoint,
  SocketCreator,
  TCPServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { ClientThread } from './client-thread.js';
import { Deadline } from './deadline.js';
import { inWords, listeningAt, type ServerAddress, whereSupported } from './endpoints.js';
import type { Proof } from './proof.js';
import type { AcceptStageOptions } from './stage-main.js';

/** The time limit of one wait, from the owner's plan. */
const waitLimitMs = 10_000;
/** The time limit for a user to start a client by hand. */
const externalLimitMs = 120_000;
/** The text that a client without a name sends. */
const message = 'Tofu Engine';

/**
 * The part that both stage 1 variants share around their kernel calls: a listener, a real client
 * in another thread (or the user's own client), and the accept at the end, which must be real.
 */
export class AcceptSetup {
  readonly #proof: Proof;
  readonly #options: AcceptStageOptions;
  readonly #address: ServerAddress<SktEndpoint>;
  #listener: ListenerSkt | undefined;
  #client: ClientThread | undefined;
  #isClientComing = false;
  #accepted: Skt | undefined;

  /**
   * @param address the address to listen on; default: the loopback, with the port of the options.
   */
  constructor(proof: Proof, options: AcceptStageOptions, address?: ServerAddress<SktEndpoint>) {
    this.#proof = proof;
    this.#options = options;
    this.#address = address ?? new TCPServerAddress('127.0.0.1', options.port ?? 0);
  }

  /**
   * Listens.
   *
   * @returns the listener's base handle, as AFD knows it; the listener still owns it.
   */
  listen(): HANDLE {
    const listen = () => new SocketCreator().fromAddress(this.#address);
    const listener = whereSupported(this.#proof, listen);
    this.#listener = listener;
    if (!this.#options.external) this.#client = new ClientThread();
    this.#proof.note(listeningAt(listener.localEndpoint()));
    return listener.baseHandle();
  }

  /** Lets the client connect, and returns before it does. */
  startClient(): void {
    const end = this.#open().localEndpoint();
    if (this.#client === undefined) {
      const where = 'path' in end ? `-U ${end.path}` : `${end.host} ${end.port}`;
      this.#proof.note(`waiting for your client: nc ${where}`);
      return;
    }
    this.#isClientComing = true;
    this.#client.connect(clientAddressOf(end));
  }

  /**
   * Calls `wait`, at most 10 s at a time, until it no longer returns `timedOut` or the time limit
   * is reached.
   */
  waitForClient(wait: (timeoutMs: number) => string, timedOut: string): string {
    const limitMs = this.#options.external ? externalLimitMs : waitLimitMs;
    const deadline = new Deadline(this.#options.waitLimitMs ?? limitMs);
    for (;;) {
      const result = wait(Math.min(deadline.remainingMs, waitLimitMs));
      if (result !== timedOut || deadline.isOver) return result;
      this.#proof.note(`still waiting, for ${Math.ceil(deadline.remainingMs / 1_000)} s more`);
    }
  }

  /** Accepts: there must be a connection, and it must be from the started client. */
  accept(): void {
    const accepted = this.#open().accept();
    const seen = accepted === wouldBlock ? 'would block' : 'a connection';
    this.#proof.require('accept', seen, 'a connection');
    if (accepted === wouldBlock) return;
    this.#accepted = accepted;
    const peer = accepted.peerEndpoint();
    const from = inWords(peer);
    if (this.#client === undefined || !this.#isClientComing) {
      this.#proof.note(`accepted a connection from ${from}`);
      return;
    }
    if ('path' in peer) {
      this.#judgeWords(accepted, this.#client);
      return;
    }
    const local = this.#client.localEndpoint();
    this.#proof.expect('accepted from the client', from, inWords(local));
  }

  /** An AF_UNIX client is unbound and has no name. The text that it sends identifies it. */
  #judgeWords(accepted: AcceptedSkt, client: ClientThread): void {
    client.say(message);
    const buffer = Buffer.alloc(64);
    const bell = new Int32Array(new SharedArrayBuffer(4));
    let count = accepted.recv(buffer);
    const deadline = new Deadline(this.#options.waitLimitMs ?? waitLimitMs);
    for (; count === wouldBlock && !deadline.isOver; Atomics.wait(bell, 0, 0, 1)) {
      count = accepted.recv(buffer);
    }
    const received = count === wouldBlock ? 'nothing' : buffer.toString('utf8', 0, count);
    this.#proof.expect('the accepted connection sent', received, message);
  }

  /** Closes the sockets and ends the client. A pending poll on the listener then completes. */
  close(): void {
    this.#client?.close();
    try {
      this.#accepted?.close();
    } finally {
      this.#listener?.close();
    }
  }

  #open(): ListenerSkt {
    if (this.#listener === undefined)
      throw new Error('connect was called before listen. Call listen first.');
    return this.#listener;
  }
}
