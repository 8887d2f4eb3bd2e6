import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { bytesOf } from './traffic.js';

// Peers of the command on this host: sockets of node:net, not of the reactor.

/** One end of a connection on this host, and what it has seen. */
export interface HostEnd {
  readonly socket: Socket;
  /** The seed of the stream that it receives: the first byte. */
  seed: number | undefined;
  received: number;
  /** True if a received byte is not that of the stream. */
  isWrong: boolean;
  hasEnded: boolean;
  isClosed: boolean;
  /** The code of the error that ended it. */
  error: string | undefined;
}

/** Observes a socket: compares what it receives with the stream that its first byte names. */
export function observeSocket(socket: Socket, onEnd?: (end: HostEnd) => void): HostEnd {
  const end: HostEnd = {
    socket,
    seed: undefined,
    received: 0,
    isWrong: false,
    hasEnded: false,
    isClosed: false,
    error: undefined,
  };
  socket.on('data', (chunk: Buffer) => {
    end.seed ??= chunk[0] as number;
    if (!bytesOf(end.seed, chunk.length, end.received).equals(chunk)) end.isWrong = true;
    end.received += chunk.length;
  });
  socket.on('end', () => {
    end.hasEnded = true;
    onEnd?.(end);
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end.error = error.code;
  });
  socket.on('close', () => {
    end.isClosed = true;
  });
  return end;
}

/** A stream is sent in pieces of this length. */
export const pieceBytes = 30_000;

/** The pieces of a stream. @param length in bytes; may be Infinity. */
function* piecesOf(seed: number, length: number): Generator<Buffer> {
  for (let sent = 0; sent < length; ) {
    const piece = bytesOf(seed, Math.min(pieceBytes, length - sent), sent);
    sent += piece.length;
    yield piece;
  }
}

/** Sends a stream and ends the side, as fast as the peer reads. */
export function sendStream(socket: Socket, seed: number, length: number): void {
  streamOf(seed, length).pipe(socket);
}

/** Sends a stream, but does not end the side. */
export function sendPart(socket: Socket, seed: number, length: number): void {
  streamOf(seed, length).pipe(socket, { end: false });
}

const streamOf = (seed: number, length: number) =>
  Readable.from(piecesOf(seed, length), { objectMode: false, highWaterMark: pieceBytes });

/** A server on this host. Its connections may be half open. */
export class HostServer {
  readonly ends: HostEnd[] = [];
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** @param onEnd called when a client has ended its side. */
  static async listen(port = 0, onEnd?: (end: HostEnd) => void): Promise<HostServer> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const made = new HostServer(server);
    server.on('connection', (socket) => made.ends.push(observeSocket(socket, onEnd)));
    return made;
  }

  async close(): Promise<void> {
    for (const { socket } of this.ends) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Connects to a port of this host, and observes the socket. */
export async function connectTo(port: number): Promise<HostEnd> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const end = observeSocket(socket);
  await once(socket, 'connect');
  return end;
}

/** Waits until a condition holds. The time limit only ends a failing test. */
export async function until(holds: () => boolean, pollMs = 5): Promise<void> {
  const endMs = performance.now() + 90_000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`After 90 s still false: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
