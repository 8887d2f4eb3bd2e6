import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { inspect } from 'node:util';

/** The address of a server. */
export type Place = { readonly port: number; readonly host: string } | { readonly path: string };

/** The functions of `node:net` that a scenario uses, or their counterparts of the reactor. */
export interface Transport {
  createServer(options: object, onConnection: (socket: Socket) => void): Server;
  connect(options: object): Socket;
  /** A socket that is not connected yet. */
  newSocket(): Socket;
  /** The address of the next server. */
  newPlace(): Place;
}

/**
 * A program that uses a library of npm. It notes all events, replies and errors in the transcript.
 */
export interface Scenario {
  readonly name: string;
  readonly play: (run: Run) => Promise<void>;
  /**
   * Set if Node itself treats the socket of `node:net` and any other stream differently here. The
   * scenario is then compared with a plain stream in front of `node:net`.
   */
  readonly isAdapted?: boolean;
}

/**
 * The transcript of a scenario: for each party its observations in order. The order between parties
 * is not recorded.
 */
export type Transcript = Record<string, string[]>;

/** One run of a scenario over one transport. */
export class Run {
  readonly transcript: Transcript = {};
  readonly #transport: Transport;
  #served: Served | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Adds a line to the transcript of a party. Bytes become their length and their checksum. */
  note(party: string, ...values: readonly unknown[]): void {
    this.transcript[party] ??= [];
    this.transcript[party].push(values.map(show).join(' '));
  }

  /** Starts the server. @param onSocket gets each accepted connection. */
  async serve(onSocket: (socket: Socket) => void, options: object = {}): Promise<void> {
    const server = this.#transport.createServer(options, onSocket);
    const place = this.#transport.newPlace();
    await once(server.listen(place), 'listening');
    const address = server.address();
    const isPath = typeof address === 'string' || address === null;
    const target = isPath ? place : { port: address.port, host: '127.0.0.1' };
    this.#served = { server, target };
  }

  /** The address at which clients reach the server. */
  get target(): Place {
    return this.#running.target;
  }

  /** Connects to the server. */
  connect(options: object = {}): Socket {
    return this.#transport.connect({ ...this.target, ...options });
  }

  /**
   * A socket that connects to the server, with any arguments that a library passes to its
   * `connect`.
   */
  newSocket(): Socket {
    const { target } = this;
    const socket = this.#transport.newSocket();
    const connect = socket.connect.bind(socket) as (target: Place) => Socket;
    socket.connect = () => connect(target);
    return socket;
  }

  /** Closes the server, and waits until its last connection is closed. */
  async close(): Promise<void> {
    const { server } = this.#running;
    await once(server.close(), 'close');
  }

  get #running(): Served {
    if (this.#served === undefined) throw new Error('The scenario has not called serve.');
    return this.#served;
  }
}

interface Served {
  readonly server: Server;
  readonly target: Place;
}

/** Bytes that are not all equal, so that a lost or misplaced piece changes their checksum. */
export function bytes(length: number): Buffer {
  const all = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index += 1) all[index] = (index * 31 + (index >> 8)) & 0xff;
  return all;
}

/** Waits until something is closed, also after an error. */
export function closing(emitter: { once(event: 'close', run: () => void): unknown }) {
  return new Promise<void>((resolve) => emitter.once('close', () => resolve()));
}

/** Collects a stream until its end. */
export async function collect(stream: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** The properties of an error, without the port in its message. */
export function seenError(error: unknown): string {
  const { name, code, message } = error as NodeJS.ErrnoException;
  return `${name} ${code ?? ''}: ${message.replace(/127\.0\.0\.1:\d+/, 'ADDRESS')}`;
}

function show(value: unknown): string {
  if (value instanceof Error) return seenError(value);
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return `${value.length} bytes, sum ${sumOf(value)}`;
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, sorted: true });
}

/** Adler-32, without the modulo of the two halves. */
function sumOf(data: Uint8Array): string {
  let [low, high] = [1, 0];
  for (const byte of data) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return `${high.toString(16)}${low.toString(16)}`;
}
