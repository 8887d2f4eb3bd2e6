import type { ListenerSkt } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/on-kernel';
import type { ListenAddress } from './addresses.js';
import type { Callback } from './callback.js';
import type { Connection } from './connection.js';
import type { Host } from './host.js';
import type { CheckedListenOptions } from './listen-options.js';
import { nodeError } from './node-errors.js';
import { Server } from './server.js';

/**
 * Creates a server that listens on an address.
 *
 * @throws an error like Node's if the system refuses, such as `listen EADDRINUSE 127.0.0.1:80`.
 */
export function listenOn(
  host: Host,
  at: ListenAddress,
  { backlog, maxConnections, ipv6Only, connection }: CheckedListenOptions,
  handler: Callback<Connection> | undefined,
): Server {
  const isAny = 'host' in at && at.host === '::';
  const created = {
    ...(backlog === undefined ? {} : { backlog }),
    ...(isAny ? { options: { v6Only: ipv6Only } } : {}),
  };
  let skt: ListenerSkt | undefined;
  try {
    skt = createSocketCreator(host.kernel).fromAddress(at, created);
    // Accepted sockets inherit the option, according to the documentation; measured under Wine,
    // on Windows unverified.
    if ('port' in at && connection.noDelay) skt.setOption('noDelay', true);
    return new Server(host, skt, connection, maxConnections, handler);
  } catch (error) {
    skt?.close();
    throw nodeError('listen', error, at);
  }
}
