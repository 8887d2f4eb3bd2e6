import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

// A client on the host for servers in Windows Node.

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** Connects as soon as a server listens on the port. */
export async function connectTo(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      await setTimeout(50);
    }
  }
}

/**
 * Sends bytes and ends the sending direction.
 *
 * @returns the bytes that come back
 */
export async function echo(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = await connectTo(port);
  socket.end(bytes);
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** What an HTTP server on this machine answers. */
export async function textOf(port: number, path: string): Promise<string> {
  const [response] = (await once(get({ port, path, agent: false }), 'response')) as [
    IncomingMessage,
  ];
  let text = '';
  for await (const part of response) text += part;
  return text;
}
