import { RawPoller } from 'nt-afd/raw-poll';
import type { Kernel } from 'ntdllx';
import { expectAs, type KernelName, type Observed, type RowName } from 'test-kit';
import {
  type AcceptedSkt,
  type ClientSkt,
  type ListenerSkt,
  type Skt,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  type WouldBlock,
  wouldBlock,
} from 'tofu-sockets';

/** What a host gives to a contract. */
export interface Host {
  readonly kernel: Kernel;
  /** Whose expectations hold, in the table of `test-kit`. */
  readonly expected: KernelName;
  /** Lets what is under way arrive; at most this long. */
  settle(limitMs: number): Promise<void>;
  /** NT's system time, in 100 ns. */
  systemTime100ns(): bigint;
}

/** What a contract works with: sockets, a raw poller, and the end of both. */
export class Environment {
  readonly kernel: Kernel;
  readonly host: Host;
  readonly creator: SocketCreator;
  readonly poller: RawPoller;
  readonly #open: Skt[] = [];

  constructor(host: Host) {
    this.host = host;
    this.kernel = host.kernel;
    this.creator = new SocketCreator(host.kernel);
    this.poller = new RawPoller(host.kernel);
  }

  /** Holds what was seen against rows of the table, for the kernel whose expectations hold. */
  expectRows(observed: Partial<Readonly<Record<RowName, Observed>>>): void {
    expectAs(observed, this.host.expected);
  }

  /** Closes the socket at the end, whatever happens. */
  keep<T extends Skt>(skt: T): T {
    this.#open.push(skt);
    return skt;
  }

  listen(host = '127.0.0.1'): ListenerSkt {
    return this.keep(this.creator.fromAddress(new TCPServerAddress(host, 0)));
  }

  client(to: ListenerSkt): ClientSkt {
    const { host, port } = to.localEndpoint();
    return this.keep(this.creator.fromAddress(new TCPClientAddress(host, port)));
  }

  connectTo(listener: ListenerSkt): ClientSkt {
    const client = this.client(listener);
    client.connect();
    return client;
  }

  /** A client whose connect is going to be refused. */
  refusedClient(): ClientSkt {
    const listener = this.listen();
    const client = this.client(listener);
    listener.close();
    return client;
  }

  /** A connected pair on loopback. */
  async pair(host = '127.0.0.1'): Promise<{ client: ClientSkt; server: AcceptedSkt }> {
    const listener = this.listen(host);
    const client = this.connectTo(listener);
    const server = this.keep(await this.eventually(() => listener.accept()));
    await this.eventually(() => client.finishConnect());
    listener.close();
    return { client, server };
  }

  /** Asks again until the answer is something else than would-block. */
  async eventually<T>(ask: () => T | WouldBlock): Promise<T> {
    for (let count = 0; count < 1_500; count += 1) {
      const answer = ask();
      if (answer !== wouldBlock) return answer as T;
      await this.host.settle(4);
    }
    throw new Error('still would-block after 6 s');
  }

  /** Lets something small arrive. */
  async settle(): Promise<void> {
    await this.host.settle(25);
  }

  /** The bits that a poll of a mask reports; 0 when it is silent for the whole limit. */
  async bits(skt: Skt, mask = 0x1ff, limitMs = 60): Promise<number> {
    return this.poller.pollBlocking(skt, mask, limitMs)?.[0]?.events ?? 0;
  }

  close(): void {
    this.poller.close();
    for (const skt of this.#open.splice(0)) skt.close();
  }
}
