import { RawPoller } from 'nt-afd/raw-poll';
import type { Kernel } from 'ntdllx';
import { eventually, expectAs, type KernelName, type Observed, type RowName } from 'test-kit';
import {
  type AcceptedSkt,
  type ClientSkt,
  clientAddressOf,
  type Endpoint,
  type ListenerSkt,
  type Skt,
  type SocketCreator,
  type StreamSkt,
  TCPServerAddress,
  UDSServerAddress,
} from 'tofu-sockets';
import { createSocketCreator, temporaryUDSPathOn } from 'tofu-sockets/internal';
import type { Over } from './contract.js';

/** What a host gives to a contract. */
export interface Host {
  readonly kernel: Kernel;
  /** Whose expectations hold, in the table of `test-kit`. */
  readonly expected: KernelName;
  /** What sockets are named by. */
  readonly over: Over;
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
    this.creator = createSocketCreator(host.kernel);
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

  /** True for sockets of TCP. */
  get isOnIP(): boolean {
    return this.host.over === 'IP';
  }

  /** A listener of whatever this run is over. */
  listen(): ListenerSkt {
    if (this.isOnIP) return this.listenOn('127.0.0.1');
    const path = temporaryUDSPathOn(this.kernel);
    return this.keep(this.creator.fromAddress(new UDSServerAddress(path)));
  }

  /** A listener on a free port. */
  listenOn(host: string): ListenerSkt<Endpoint> {
    return this.keep(this.creator.fromAddress(new TCPServerAddress(host, 0)));
  }

  client(to: ListenerSkt): ClientSkt {
    return this.keep(this.creator.fromAddress(clientAddressOf(to.localEndpoint())));
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

  /** A connected pair. */
  async pair(listener = this.listen()): Promise<{ client: ClientSkt; server: AcceptedSkt }> {
    const client = this.connectTo(listener);
    const server = this.keep(await this.eventually(() => listener.accept()));
    await this.eventually(() => client.finishConnect());
    listener.close();
    return { client, server };
  }

  /**
   * Ends a connection hard: the peer sees a reset. Over AF_UNIX a close with unread data is one (measured
   * on Wine 11); what l_linger does there was never seen.
   */
  async reset(skt: StreamSkt, peer: StreamSkt): Promise<void> {
    if (this.isOnIP) skt.abortOnClose();
    else {
      peer.send(Buffer.from('unread'));
      await this.settle();
    }
    skt.close();
  }

  /** Repeats a call until its result is not would-block. */
  eventually<T>(ask: () => T): Promise<Exclude<T, symbol>> {
    return eventually(ask, () => this.host.settle(4), 1_500);
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
