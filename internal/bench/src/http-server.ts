import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, createServer as createNetServer, Socket } from 'node:net';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';
import type { ServerPorts } from './server-report.js';

const answer: RequestListener = (_request, response) => response.end('a short answer');

/**
 * An HTTP server of `node:http`: on its own sockets of `node:net`, or on those of
 * `tofu-reactor/net`. It sends no reports.
 */
export async function startHttpServer(isOnReactor: boolean): Promise<ServerPorts> {
  const app = createServer(answer);
  const server = isOnReactor ? onReactor((socket) => app.emit('connection', socket)) : app;
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, control: 0 };
}

function onReactor(onConnection: (socket: Socket) => void) {
  const net = netOn(new Reactor());
  return (net.createServer as unknown as typeof createNetServer)(onConnection);
}
