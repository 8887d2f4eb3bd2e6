import {
  formatAddress,
  type SktEndpoint,
  type TCPClientAddress,
  type UDSClientAddress,
} from 'tofu-sockets';
import { HelperThread } from './helper-thread.js';

/** Connect there; send a text; say where the own end is; or, with none of these, close. */
export interface ClientTask {
  /** An address in tofu's textual form. */
  readonly connectTo?: string;
  readonly text?: string;
  readonly isEndpointWanted?: true;
}

/** Where the client's own end is. */
export interface ClientAnswer {
  readonly local?: SktEndpoint;
}

const answerLimitMs = 10_000;

/** A real TCP client in a thread of its own: it connects while this thread waits in the kernel. */
export class ClientThread {
  readonly #thread = new HelperThread<ClientTask, ClientAnswer>(
    new URL('./client-worker.js', import.meta.url),
  ).ready();

  /** Lets the client connect; returns at once. */
  connect(address: TCPClientAddress | UDSClientAddress): void {
    this.#thread.send({ connectTo: formatAddress(address) });
  }

  /** Sends a text. Blocks until it is sent; throws what the client's connect threw. */
  say(text: string): void {
    this.#thread.reply(answerLimitMs);
    this.#thread.send({ text });
    this.#thread.reply(answerLimitMs);
  }

  /**
   * The client's own end. To be asked when the connection was accepted: before, Winsock need not
   * know it. Blocks until the client answers; throws what its connect threw.
   */
  localEndpoint(): SktEndpoint {
    this.#thread.reply(answerLimitMs);
    this.#thread.send({ isEndpointWanted: true });
    const { local } = this.#thread.reply(answerLimitMs);
    if (local === undefined) throw new Error('The client did not connect.');
    return local;
  }

  /** Closes the client and ends its thread. */
  close(): void {
    this.#thread.send({});
    this.#thread.close();
  }
}
