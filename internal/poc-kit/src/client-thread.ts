import type { Endpoint } from 'tofu-sockets';
import { HelperThread } from './helper-thread.js';

/** Connect there; say where the own end is; or, with neither, close. */
export interface ClientTask {
  readonly connectTo?: Endpoint;
  readonly isEndpointWanted?: true;
}

/** Where the client's own end is. */
export interface ClientAnswer {
  readonly local?: Endpoint;
}

const answerLimitMs = 10_000;

/** A real TCP client in a thread of its own: it connects while this thread waits in the kernel. */
export class ClientThread {
  readonly #thread = new HelperThread<ClientTask, ClientAnswer>(
    new URL('./client-worker.js', import.meta.url),
  );

  /** Tells the client to connect; returns at once. */
  connect(connectTo: Endpoint): void {
    this.#thread.send({ connectTo });
  }

  /**
   * The client's own end. To be asked when the connection was accepted: before, Winsock need not
   * know it. Blocks until the client answers; throws what its connect threw.
   */
  localEndpoint(): Endpoint {
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
