import { formatAddress } from 'tofu-sockets';
import type { Connection } from '../connection.js';
import type { Reactor } from '../reactor.js';
import type { Server } from '../server.js';
import type { ConnectTo, ListenAt } from './arguments.js';
import { sentBytes } from './copy.js';
import { endpointText, listen } from './listening.js';
import { connectProblem } from './problems.js';
import { Relay, type RelayResult } from './relay.js';
import { type Counts, type Reports, type Service, shown } from './service.js';

/** How long a connect to the target may take, in milliseconds. */
const connectLimitMs = 10_000;

/** What {@link ProxyServer.start} needs to know. */
export interface ProxyOptions {
  readonly listenAt: ListenAt;
  readonly connectTo: ConnectTo;
  readonly maxConnections: number;
}

/** Accepts connections at one address and relays each to another address. */
export class ProxyServer implements Service {
  readonly #reactor: Reactor;
  readonly #connectTo: ConnectTo;
  readonly #reports: Reports;
  readonly #relays = new Set<Relay>();
  readonly #counts = {
    accepted: 0,
    ended: 0,
    broken: 0,
    unreachable: 0,
    cut: 0,
    bytesToTarget: 0,
    bytesToClients: 0,
  };
  #server: Server | undefined;
  #onIdle: (() => void) | undefined;

  private constructor(reactor: Reactor, connectTo: ConnectTo, reports: Reports) {
    this.#reactor = reactor;
    this.#connectTo = connectTo;
    this.#reports = reports;
  }

  /** @throws {CommandError} if it cannot listen. */
  static async start(
    reactor: Reactor,
    { listenAt, connectTo, maxConnections }: ProxyOptions,
    reports: Reports,
  ): Promise<ProxyServer> {
    const proxy = new ProxyServer(reactor, connectTo, reports);
    const take = (client: Connection) => proxy.#take(client);
    proxy.#server = await listen(reactor, listenAt, maxConnections, reports, take);
    return proxy;
  }

  get announcement(): string {
    const { address, target } = this.listening;
    return `Proxy from ${address} to ${target}. Ctrl-C ends it.`;
  }

  get listening() {
    const { endpoint } = this.#listener;
    return { address: endpointText(endpoint), target: formatAddress(this.#connectTo) };
  }

  get open(): number {
    return this.#relays.size;
  }

  /**
   * `accepted` counts the connections of clients. Of these, `open` are open. The others `ended`
   * gracefully, were `broken` by a reset or a failure, had an `unreachable` target, or were `cut` by
   * a reset after Ctrl-C. `dropped` connections were closed at once, because too many were open.
   * The bytes are those that the system has taken.
   */
  counts(): Counts {
    const { accepted, bytesToTarget, bytesToClients, ...ends } = this.#counts;
    const { open } = this;
    let [toTarget, toClients] = [bytesToTarget, bytesToClients];
    for (const { client, target } of this.#relays) {
      toTarget += sentBytes(target);
      toClients += sentBytes(client);
    }
    const dropped = this.#listener.accepted - accepted;
    return { accepted, open, ...ends, dropped, bytesToTarget: toTarget, bytesToClients: toClients };
  }

  describe(): string {
    const { open, accepted, bytesToTarget, bytesToClients } = shown(this.counts());
    return `${open} open of ${accepted}; ${bytesToTarget} bytes to the target, ${bytesToClients} back`;
  }

  summarize(): readonly string[] {
    const counts = shown(this.counts());
    const { accepted, ended, broken, unreachable, cut, dropped } = counts;
    return [
      `Connections: ${accepted}; ${ended} ended, ${broken} failed, ${unreachable} without a ` +
        `target, ${cut} reset at the end; ${dropped} refused at the limit`,
      `${counts['bytesToTarget']} bytes to the target, ${counts['bytesToClients']} to clients`,
    ];
  }

  stop(): Promise<void> {
    void this.#listener.close();
    if (this.open === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  cut(): void {
    for (const relay of [...this.#relays]) relay.cut();
  }

  get #listener(): Server {
    return this.#server as Server;
  }

  #take(client: Connection): void {
    this.#counts.accepted += 1;
    const target = this.#reactor.open(this.#connectTo, () => relay.connected(), {
      timeoutMs: connectLimitMs,
      allowHalfOpen: true,
    });
    const relay = new Relay(client, target, (result) => this.#over(relay, result));
    this.#relays.add(relay);
  }

  #over(relay: Relay, { end, error }: RelayResult): void {
    this.#relays.delete(relay);
    this.#counts[end] += 1;
    this.#counts.bytesToTarget += sentBytes(relay.target);
    this.#counts.bytesToClients += sentBytes(relay.client);
    if (end === 'unreachable') {
      const message = connectProblem(this.#connectTo, error);
      this.#reports.problem(end, `${message} The client's connection was reset.`);
    }
    if (this.open === 0) this.#onIdle?.();
  }
}
