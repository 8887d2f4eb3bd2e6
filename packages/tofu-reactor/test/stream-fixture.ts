import { once } from 'node:events';
import type { Reactor } from 'tofu-reactor';
import { type Net, netOn, type Server, type Socket } from 'tofu-reactor/net';
import { temporaryUDSPathOn } from 'tofu-sockets/internal';
import type { Fixture } from './fixture.js';

const events = [
  'lookup',
  'connectionAttempt',
  'connectionAttemptFailed',
  'connect',
  'ready',
  'end',
  'timeout',
  'finish',
  'error',
  'close',
];

/** Records the events of a socket, with the code of an error. */
export function record(socket: Socket): string[] {
  const seen: string[] = [];
  for (const event of events) {
    socket.on(event, (first: unknown) => {
      const code = (first as { code?: string } | undefined)?.code;
      seen.push(event === 'error' ? `error ${code}` : event);
    });
  }
  return seen;
}

/** Where a client of a server connects to. */
export function targetOf(server: Server): { host: string; port: number } | { path: string } {
  const address = server.address();
  if (typeof address === 'string') return { path: address };
  return { host: '127.0.0.1', port: address?.port ?? 0 };
}

/** Where a server listens: a free port of 127.0.0.1, or a free path. */
export function listenTarget({ host: { over, kernel } }: Fixture) {
  return over === 'IP' ? { port: 0, host: '127.0.0.1' } : { path: temporaryUDSPathOn(kernel) };
}

/** Reads text until there is this much. */
export async function readText(socket: Socket, length: number): Promise<string> {
  let text = '';
  while (text.length < length) text += String(await once(socket, 'data'));
  return text;
}

/** A server and both ends of one connection. */
export interface Pair {
  readonly reactor: Reactor;
  readonly net: Net;
  readonly server: Server;
  readonly client: Socket;
  readonly accepted: Socket;
}

/** Creates a server and one client. The sockets echo nothing. */
export async function connectPair(
  fixture: Fixture,
  options: { allowHalfOpen?: boolean; highWaterMark?: number; pauseOnConnect?: boolean } = {},
): Promise<Pair> {
  const reactor = fixture.reactor();
  const net = netOn(reactor);
  const server = net.createServer(options);
  await once(server.listen(listenTarget(fixture)), 'listening');
  const accepting = once(server, 'connection');
  const client = net.connect({ ...targetOf(server), ...options });
  const [[accepted]] = await Promise.all([accepting, once(client, 'ready')]);
  return { reactor, net, server, client, accepted };
}

/** Closes both sockets and the server. */
export async function closeAll({ server, client, accepted }: Pair): Promise<void> {
  client.destroy();
  accepted.destroy();
  await once(server.close(), 'close');
}
