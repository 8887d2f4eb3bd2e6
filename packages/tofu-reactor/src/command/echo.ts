import type { Connection } from '../connection.js';
import type { Reactor } from '../reactor.js';
import type { Server } from '../server.js';
import type { ListenAt } from './arguments.js';
import { copy, sentBytes } from './copy.js';
import { endpointText, listen } from './listening.js';
import { type Counts, type Reports, type Service, shown } from './service.js';

/** What {@link EchoServer.start} needs to know. */
export interface EchoOptions {
  readonly listenAt: ListenAt;
  readonly maxConnections: number;
}

/** Sends back what it receives. A connection ends when its client has ended its side. */
export class EchoServer implements Service {
  readonly #connections = new Set<Connection>();
  readonly #counts = { accepted: 0, ended: 0, broken: 0, cut: 0, bytesIn: 0, bytesOut: 0 };
  #server: Server | undefined;
  #isCut = false;

  private constructor() {}

  /** @throws {CommandError} if it cannot listen. */
  static async start(
    reactor: Reactor,
    { listenAt, maxConnections }: EchoOptions,
    reports: Reports,
  ): Promise<EchoServer> {
    const echo = new EchoServer();
    const take = (connection: Connection) => echo.#take(connection);
    echo.#server = await listen(reactor, listenAt, maxConnections, reports, take);
    return echo;
  }

  get announcement(): string {
    return `Echo server on ${this.listening.address}. Ctrl-C ends it.`;
  }

  get listening() {
    return { address: endpointText(this.#listener.endpoint) };
  }

  get open(): number {
    return this.#connections.size;
  }

  /** As those of the proxy; a `broken` connection was reset by its client. */
  counts(): Counts {
    const { accepted, bytesIn, bytesOut, ...ends } = this.#counts;
    let [received, sent] = [bytesIn, bytesOut];
    for (const connection of this.#connections) {
      received += connection.bytesRead;
      sent += sentBytes(connection);
    }
    const dropped = this.#listener.accepted - accepted;
    return { accepted, open: this.open, ...ends, dropped, bytesIn: received, bytesOut: sent };
  }

  describe(): string {
    const { open, accepted, bytesIn, bytesOut } = shown(this.counts());
    return `${open} open of ${accepted}; ${bytesIn} bytes in, ${bytesOut} out`;
  }

  summarize(): readonly string[] {
    const { accepted, ended, broken, cut, dropped, bytesIn, bytesOut } = shown(this.counts());
    return [
      `Connections: ${accepted}; ${ended} ended, ${broken} failed, ${cut} reset at the end; ` +
        `${dropped} refused at the limit`,
      `${bytesIn} bytes in, ${bytesOut} out`,
    ];
  }

  stop(): Promise<void> {
    return this.#listener.close();
  }

  cut(): void {
    this.#isCut = true;
    for (const connection of [...this.#connections]) connection.reset();
  }

  get #listener(): Server {
    return this.#server as Server;
  }

  #take(connection: Connection): void {
    this.#counts.accepted += 1;
    this.#connections.add(connection);
    copy(connection, connection);
    connection.onClose = (error) => {
      this.#connections.delete(connection);
      this.#counts[error !== undefined ? 'broken' : this.#isCut ? 'cut' : 'ended'] += 1;
      this.#counts.bytesIn += connection.bytesRead;
      this.#counts.bytesOut += sentBytes(connection);
    };
  }
}
