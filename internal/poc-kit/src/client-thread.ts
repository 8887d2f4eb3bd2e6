import {
  formatAddress,
  type SktEndpoint,
  type TCPClientAddress,
  type UDSClientAddress,
} from 'tofu-sockets';
import { HelperThread } from './helper-thread.js';

/**
 * A command to the client. `connectTo`: connect to this address. `text`: send this text.
 * `isEndpointWanted`: return the client's own endpoint. A command without a field closes the
 * client.
 */
export interface ClientTask {
  /** An address in tofu's textual form. */
  readonly connectTo?: string;
  readonly text?: string;
  readonly isEndpointWanted?: true;
}

/** The client's own endpoint. */
export interface ClientAnswer {
  readonly local?: SktEndpoint;
}

const answerLimitMs = 10_000;

/**
 * A real TCP client in its own thread: it connects while the calling thread waits in the kernel.
 */
export class ClientThread {
  readonly #thread = new HelperThread<ClientTask, ClientAnswer>(
    new URL('./client-worker.js', import.meta.url),
  ).ready();

  /** Makes the client connect; returns at once. */
  connect(address: TCPClientAddress | UDSClientAddress): void {
    this.#thread.send({ connectTo: formatAddress(address) });
  }

  /** Sends a text. Blocks until it is sent; throws the error of the client's connect. */
  say(text: string): void {
    this.#thread.reply(answerLimitMs);
    this.#thread.send({ text });
    this.#thread.reply(answerLimitMs);
  }

  /**
   * The client's own endpoint. Call it after the connection was accepted: before that, Winsock
   * need not know the endpoint. Blocks until the client answers; throws the error of its connect.
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
