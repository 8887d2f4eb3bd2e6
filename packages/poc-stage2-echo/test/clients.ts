import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { nativeMemory } from 'ntdllx';
import { EchoServer } from 'poc-stage2-echo';
import { TCPServerAddress } from 'tofu-sockets';
import { afterEach, expect } from 'vitest';

const limitMs = 30_000;
const servers: EchoServer[] = [];
const clients: Socket[] = [];

/** Starts a server for a test; `Kind` may be a class that is broken on purpose. */
export function startServer<T extends EchoServer = EchoServer>(
  Kind: new (address: TCPServerAddress) => T = EchoServer as never,
): T {
  const server = new Kind(new TCPServerAddress('127.0.0.1', 0));
  servers.push(server);
  return server;
}

/**
 * Runs the server and Node's event loop, which runs the clients, alternately until a condition
 * holds.
 */
export async function until(server: EchoServer, isTrue: () => boolean): Promise<void> {
  for (const endMs = performance.now() + limitMs; !isTrue(); await setImmediate()) {
    server.turn(1);
    if (performance.now() > endMs) throw new Error(`After ${limitMs} ms still false: ${isTrue}`);
  }
}

/** Creates a client with `node:net`. Errors are kept in `socket.errored`, and not thrown. */
export async function newClient(
  server: EchoServer,
  options: { allowHalfOpen?: boolean } = {},
): Promise<Socket> {
  const { host, port } = server.endpoint;
  const socket = connect({ host, port, noDelay: true, ...options });
  clients.push(socket);
  socket.on('error', () => {});
  const connected = once(socket, 'connect');
  let isConnected = false;
  void connected.then(() => {
    isConnected = true;
  });
  const before = server.counts.accepted;
  await until(server, () => isConnected && server.counts.accepted > before);
  return socket;
}

/** Collects what a client receives. */
export class Inbox {
  readonly parts: Buffer[] = [];
  byteLength = 0;
  isEnded = false;

  constructor(socket: Socket) {
    socket.on('data', (bytes) => {
      this.parts.push(bytes);
      this.byteLength += bytes.byteLength;
    });
    socket.on('end', () => {
      this.isEnded = true;
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}

/** Sends one message and receives its echo. */
export async function echoOnce(server: EchoServer, socket: Socket, text: string): Promise<void> {
  const inbox = new Inbox(socket);
  socket.write(text);
  await until(server, () => inbox.byteLength >= Buffer.byteLength(text));
  expect(inbox.bytes.toString()).toBe(text);
  socket.removeAllListeners('data').removeAllListeners('end');
}

/** `byteLength` bytes, each of which differs from its neighbours. */
export function pattern(byteLength: number): Buffer {
  const bytes = Buffer.allocUnsafe(byteLength);
  for (let at = 0; at + 4 <= byteLength; at += 4)
    bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  return bytes;
}

// After each test no poll may be pending and no block allocated.
afterEach(() => {
  for (const socket of clients.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    server.close();
    expect(server.pendingPolls).toBe(0);
    expect(server.counts.unknown).toBe(0);
    const { accepted, ended, broken, dropped } = server.counts;
    expect(ended + broken + dropped).toBe(accepted);
  }
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});
