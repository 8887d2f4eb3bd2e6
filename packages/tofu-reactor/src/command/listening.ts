import { formatAddress, type SktEndpoint } from 'tofu-sockets';
import type { Connection } from '../connection.js';
import type { Reactor } from '../reactor.js';
import type { Server } from '../server.js';
import type { ListenAt } from './arguments.js';
import { listenError } from './problems.js';
import type { Reports } from './service.js';

/** The textual form of an endpoint, as in {@link formatAddress}. */
export const endpointText = (endpoint: SktEndpoint): string =>
  'path' in endpoint ? `uds|${endpoint.path}` : `tcp|${endpoint.host}|${endpoint.port}`;

/**
 * Listens, and reports refused connections and failed accepts. The connections may be half open.
 *
 * @param maxConnections further connections are closed at once.
 * @throws {CommandError} if the system refuses.
 */
export async function listen(
  reactor: Reactor,
  at: ListenAt,
  maxConnections: number,
  reports: Reports,
  onConnection: (connection: Connection) => void,
): Promise<Server> {
  let server: Server;
  try {
    server = await reactor.listen(at, onConnection, { maxConnections, allowHalfOpen: true });
  } catch (error) {
    throw listenError(at, error);
  }
  server.onDrop = () => {
    reports.problem(
      'dropped',
      `A connection was closed at once, because ${maxConnections} are open. ` +
        '--max-connections sets this limit.',
    );
  };
  server.onError = (error) => {
    reports.problem('accept', `${formatAddress(at)} cannot accept for a moment: ${error.message}`);
  };
  return server;
}
