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

/** The functions of a host that a contract uses. */
export interface Host {
  readonly kernel: Kernel;
  /** The kernel whose expectations apply, in the table of `test-kit`. */
  readonly expected: KernelName;
  /** The kind of the sockets' names. */
  readonly over: Over;
  /** Waits until everything in transit has arrived, at most this long. */
  settle(limitMs: number): Promise<void>;
  /** NT's system time, in 100 ns. */
  systemTime100ns(): bigint;
}

/** The environment of a contract: sockets and a raw poller, both closed at the end. */
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

  /** Compares the observed values with rows of the table, for the expected kernel. */
  expectRows(observed: Partial<Readonly<Record<RowName, Observed>>>): void {
    expectAs(observed, this.host.expected);
  }

  /** Closes the socket at the end, even after a failure. */
  keep<T extends Skt>(skt: T): T {
    this.#open.push(skt);
    return skt;
  }

  /** True for sockets of TCP. */
  get isOnIP(): boolean {
    return this.host.over === 'IP';
  }

  /** A listener with this run's kind of name. */
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

  /** A client whose connect will be refused. */
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
   * Aborts a connection, so that the peer sees a reset. Over AF_UNIX a close with unread data does
   * that (measured on Wine 11); the effect of l_linger there is unknown.
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

  /** Waits until a few bytes in transit have arrived. */
  async settle(): Promise<void> {
    await this.host.settle(25);
  }

  /** The bits that a poll with a mask reports; 0 if it does not complete within the limit. */
  async bits(skt: Skt, mask = 0x1ff, limitMs = 60): Promise<number> {
    return this.poller.pollBlocking(skt, mask, limitMs)?.[0]?.events ?? 0;
  }

  close(): void {
    this.poller.close();
    for (const skt of this.#open.splice(0)) skt.close();
  }
}
