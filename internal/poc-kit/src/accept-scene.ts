import type { HANDLE } from 'ntdllx';
import {
  type Endpoint,
  type ListenerSkt,
  type Skt,
  type SktEndpoint,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { ClientThread } from './client-thread.js';
import { Deadline } from './deadline.js';
import type { Proof } from './proof.js';
import type { AcceptStageOptions } from './stage-main.js';

/** The plan's limit for one wait. */
const waitLimitMs = 10_000;
/** How long a person may take to start a client by hand. */
const externalLimitMs = 120_000;

const inWords = (end: SktEndpoint) => ('path' in end ? end.path : `${end.host}:${end.port}`);

/**
 * What both stage 1 variants have around the kernel calls that they are about: a listener, a real
 * client in another thread (or the user's own), and the accept that must be real in the end.
 */
export class AcceptScene {
  readonly #proof: Proof;
  readonly #options: AcceptStageOptions;
  #listener: ListenerSkt<Endpoint> | undefined;
  #client: ClientThread | undefined;
  #isClientComing = false;
  #accepted: Skt | undefined;

  constructor(proof: Proof, options: AcceptStageOptions) {
    this.#proof = proof;
    this.#options = options;
  }

  /** Listens. @returns the listener's own handle, as AFD knows it; it stays the listener's. */
  listen(): HANDLE {
    if (!this.#options.external) this.#client = new ClientThread();
    const address = new TCPServerAddress('127.0.0.1', this.#options.port ?? 0);
    this.#listener = new SocketCreator().fromAddress(address);
    const { port } = this.#listener.localEndpoint();
    this.#proof.note(`listening on 127.0.0.1 port ${port}`);
    return this.#listener.baseHandle();
  }

  /** Lets the client connect, and returns before it does. */
  startClient(): void {
    const { host, port } = this.#open().localEndpoint();
    if (this.#client === undefined) {
      this.#proof.note(`waiting for your client: nc ${host} ${port}`);
      return;
    }
    this.#isClientComing = true;
    this.#client.connect(new TCPClientAddress(host, port));
  }

  /** Calls `wait`, at most 10 s at a time, until it no longer says `timedOut` or time is over. */
  waitForClient(wait: (timeoutMs: number) => string, timedOut: string): string {
    const limitMs = this.#options.external ? externalLimitMs : waitLimitMs;
    const deadline = new Deadline(this.#options.waitLimitMs ?? limitMs);
    for (;;) {
      const result = wait(Math.min(deadline.remainingMs, waitLimitMs));
      if (result !== timedOut || deadline.isOver) return result;
      this.#proof.note(`still waiting, for ${Math.ceil(deadline.remainingMs / 1_000)} s more`);
    }
  }

  /** Accepts for real: a connection must be there, and from the client that was started. */
  accept(): void {
    const accepted = this.#open().accept();
    const seen = accepted === wouldBlock ? 'would block' : 'a connection';
    this.#proof.require('accept', seen, 'a connection');
    if (accepted === wouldBlock) return;
    this.#accepted = accepted;
    const from = inWords(accepted.peerEndpoint());
    if (this.#client === undefined || !this.#isClientComing) {
      this.#proof.note(`accepted a connection from ${from}`);
      return;
    }
    const local = this.#client.localEndpoint();
    this.#proof.expect('accepted from the client', from, inWords(local));
  }

  /** Closes the sockets and ends the client. A poll that is pending on the listener completes. */
  close(): void {
    this.#client?.close();
    try {
      this.#accepted?.close();
    } finally {
      this.#listener?.close();
    }
  }

  #open(): ListenerSkt<Endpoint> {
    if (this.#listener === undefined) throw new Error('listen comes first');
    return this.#listener;
  }
}
