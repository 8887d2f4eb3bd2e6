import { realpathSync, statSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type Server as NodeServer,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Connection } from '../connection.js';
import { socketOf } from '../net.js';
import type { Reactor } from '../reactor.js';
import type { Server } from '../server.js';
import type { ListenAt } from './arguments.js';
import { CommandError } from './command-error.js';
import { sentBytes } from './copy.js';
import { endpointText, listen } from './listening.js';
import { type Counts, type Reports, type Service, shown } from './service.js';
import { fileResponse } from './static-files.js';

/** How long a connection may be idle in the middle of a request or a response, in milliseconds. */
const idleLimitMs = 120_000;

/** What {@link HttpServer.start} needs to know. */
export interface HttpOptions {
  readonly directory: string;
  readonly listenAt: ListenAt;
  readonly maxConnections: number;
}

/** Serves the files of a directory with `node:http`, over connections of the reactor. */
export class HttpServer implements Service {
  readonly #root: string;
  readonly #app: NodeServer;
  readonly #connections = new Set<Connection>();
  readonly #counts = {
    accepted: 0,
    ended: 0,
    broken: 0,
    cut: 0,
    requests: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
  #server: Server | undefined;
  #isCut = false;

  private constructor(root: string) {
    this.#root = root;
    this.#app = createServer((request, response) => void this.#answer(request, response));
    this.#app.setTimeout(idleLimitMs);
    // Node checks its time limits for requests after this event, which a listen would cause.
    this.#app.emit('listening');
  }

  /** @throws {CommandError} if the directory cannot be served, or it cannot listen. */
  static async start(
    reactor: Reactor,
    { directory, listenAt, maxConnections }: HttpOptions,
    reports: Reports,
  ): Promise<HttpServer> {
    const http = new HttpServer(realDirectory(directory));
    const take = (connection: Connection) => http.#take(connection);
    http.#server = await listen(reactor, listenAt, maxConnections, reports, take);
    return http;
  }

  get announcement(): string {
    const { address, directory } = this.listening;
    const { endpoint } = this.#listener;
    const at = 'path' in endpoint ? address : `http://${hostOf(endpoint.host)}:${endpoint.port}/`;
    return `Serving ${directory} at ${at} Ctrl-C ends it.`;
  }

  get listening() {
    return { address: endpointText(this.#listener.endpoint), directory: this.#root };
  }

  get open(): number {
    return this.#connections.size;
  }

  /** As those of the echo server, and the number of requests. */
  counts(): Counts {
    const { accepted, bytesIn, bytesOut, ...others } = this.#counts;
    let [received, sent] = [bytesIn, bytesOut];
    for (const connection of this.#connections) {
      received += connection.bytesRead;
      sent += sentBytes(connection);
    }
    const dropped = this.#listener.accepted - accepted;
    return { accepted, open: this.open, ...others, dropped, bytesIn: received, bytesOut: sent };
  }

  describe(): string {
    const { open, accepted, requests, bytesOut } = shown(this.counts());
    return `${open} open of ${accepted}; ${requests} requests, ${bytesOut} bytes out`;
  }

  summarize(): readonly string[] {
    const counts = shown(this.counts());
    const { accepted, ended, broken, cut, dropped, requests, bytesIn, bytesOut } = counts;
    return [
      `Connections: ${accepted}; ${ended} ended, ${broken} failed, ${cut} reset at the end; ` +
        `${dropped} refused at the limit`,
      `${requests} requests; ${bytesIn} bytes in, ${bytesOut} out`,
    ];
  }

  async stop(): Promise<void> {
    // A connection without a request would otherwise stay open until its client closes it.
    this.#app.close(() => {});
    this.#app.closeIdleConnections();
    await this.#listener.close();
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
    const socket = socketOf(connection, { allowHalfOpen: true });
    let isBroken = false;
    socket.on('error', () => {
      isBroken = true;
    });
    socket.on('close', () => {
      this.#connections.delete(connection);
      this.#counts[this.#isCut ? 'cut' : isBroken ? 'broken' : 'ended'] += 1;
      this.#counts.bytesIn += connection.bytesRead;
      this.#counts.bytesOut += sentBytes(connection);
    });
    this.#app.emit('connection', socket);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#counts.requests += 1;
    const { statusCode, headers, stream } = await fileResponse(this.#root, request);
    response.writeHead(statusCode, headers);
    // If the client leaves before the end of the file, or the file cannot be read to its end, the
    // pipeline ends with an error. The connection is closed then.
    await pipeline(stream, response).catch(() => response.destroy());
  }
}

const hostOf = (host: string) => (host.includes(':') ? `[${host}]` : host);

function realDirectory(directory: string): string {
  let real: string;
  try {
    real = realpathSync.native(directory);
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such directory' : `it cannot be read (${code})`;
    throw new CommandError(`Cannot serve ${directory}: ${why}. Correct DIR.`, undefined, {
      cause: error,
    });
  }
  throw new CommandError(`Cannot serve ${directory}: it is a file, and DIR must be a directory.`);
}
