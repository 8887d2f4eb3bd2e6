import { type Connection, type Posted, Reactor, type ReactorMode, wouldBlock } from 'tofu-reactor';
import type { SktEndpoint } from 'tofu-sockets';
import { commands, firstCommand, kinds, MessageReader, messageOf } from './messages.js';

/** A client that has sent hello. */
interface Client {
  readonly connection: Connection;
  pings: number;
  heartbeats: number;
}

/** Counters of the server. */
export interface ServerCounts {
  pings: number;
  /** Packets of the heartbeat thread: `sent` to clients, or `late`, for clients that had left. */
  heartbeats: number;
  sent: number;
  late: number;
  /** Commands, in the order of their arrival. */
  readonly commands: number[];
  dismissed: number;
  /** Connections that ended with an error, and messages of an unknown kind. */
  failed: number;
  broken: number;
}

/**
 * A server that answers its clients' pings and sends them heartbeats. Other threads post packets
 * to the reactor's port: heartbeats for a client, and commands.
 */
export class HeartbeatServer {
  readonly reactor: Reactor;
  readonly counts: ServerCounts = {
    pings: 0,
    heartbeats: 0,
    sent: 0,
    late: 0,
    commands: [],
    dismissed: 0,
    failed: 0,
    broken: 0,
  };
  /** These functions are called after each change of the counters. */
  readonly changes = new Set<() => void>();
  /** Called with the answer to each command. */
  onAnswer: (answer: number) => void = () => {};
  readonly #clients = new Map<number, Client>();
  readonly #buffer = Buffer.alloc(65_536);
  #close: (() => Promise<void>) | undefined;

  constructor(mode: ReactorMode | 'auto') {
    this.reactor = new Reactor({ mode, name: 'stage 5' });
    this.reactor.onPost = (posted) => this.#post(posted);
  }

  /** How many clients have sent hello and are connected. */
  get clients(): number {
    return this.#clients.size;
  }

  /** How many pings of a client were answered. */
  pingsOf(number: number): number {
    return this.#clients.get(number)?.pings ?? 0;
  }

  /** Listens on a free port. */
  async listen(): Promise<SktEndpoint> {
    const server = await this.reactor.listen({ port: 0 }, (connection) => this.#accept(connection));
    this.#close = () => server.close();
    return server.endpoint;
  }

  /** Sends a heartbeat. @returns false if the client is no longer connected. */
  protected beat(number: number): boolean {
    const client = this.#clients.get(number);
    if (client === undefined) return false;
    client.heartbeats += 1;
    client.connection.write(messageOf(kinds.heartbeat, client.heartbeats));
    return true;
  }

  /** Ends a client gracefully: sends the number of its heartbeats, and then ends the stream. */
  protected dismiss({ connection, heartbeats }: Pick<Client, 'connection' | 'heartbeats'>): void {
    connection.end(messageOf(kinds.goodbye, heartbeats));
  }

  #changed(): void {
    for (const each of this.changes) each();
  }

  #accept(connection: Connection): void {
    const { counts } = this;
    let own: number | undefined;
    const client: Client = { connection, pings: 0, heartbeats: 0 };
    const reader = new MessageReader((kind, value) => {
      if (kind === kinds.hello && own === undefined) {
        own = value;
        this.#clients.set(value, client);
      } else if (kind === kinds.ping && own !== undefined) {
        counts.pings += 1;
        client.pings += 1;
        connection.write(messageOf(kinds.pong, value));
      } else counts.broken += 1;
    });
    connection.onReadable = () => {
      for (;;) {
        const count = connection.readInto(this.#buffer);
        if (count === wouldBlock || count === 0) break;
        reader.take(this.#buffer.subarray(0, count));
      }
      this.#changed();
    };
    connection.onClose = (error) => {
      if (error !== undefined) counts.failed += 1;
      if (own !== undefined) this.#clients.delete(own);
      this.#changed();
    };
  }

  #post({ type, value }: Posted): void {
    const { counts } = this;
    if (type >= firstCommand) {
      counts.commands.push(type);
      void this.#command(type, value);
      return;
    }
    counts.heartbeats += 1;
    if (this.beat(type)) counts.sent += 1;
    else counts.late += 1;
    this.#changed();
  }

  async #command(type: number, value: number): Promise<void> {
    const before = this.clients;
    if (type === commands.count) this.onAnswer(before);
    if (type === commands.dismiss) {
      const client = this.#clients.get(value);
      if (client !== undefined) await this.#end(value, client);
      this.onAnswer(this.clients);
    }
    if (type === commands.shutdown) {
      const closed = this.#close?.();
      const all = [...this.#clients].map(([number, client]) => this.#end(number, client));
      await Promise.all([...all, closed]);
      this.onAnswer(before);
    }
  }

  /** Ends a client, which then gets no more heartbeats. Resolves when its connection is closed. */
  #end(number: number, client: Client): Promise<void> {
    this.#clients.delete(number);
    this.counts.dismissed += 1;
    this.dismiss(client);
    return client.connection.closed;
  }
}
