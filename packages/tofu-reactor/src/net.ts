/**
 * The counterpart of `node:net` on a reactor: connections over TCP and AF_UNIX as streams of Node,
 * with the events and the errors of `node:net`. Libraries that take a stream run on it unmodified.
 *
 * @packageDocumentation
 */
import type { Connection } from './connection.js';
import { ReactorError } from './errors.js';
import { type OnSocket, Server, type ServerOptions } from './net/server.js';
import { Socket } from './net/socket.js';
import type { ConnectSocketOptions, SocketOptions } from './net/socket-options.js';
import type { Reactor } from './reactor.js';

export type { ConnectTarget } from './net/connecting.js';
export {
  type ListenTarget,
  type OnSocket,
  Server,
  type ServerAddress,
  type ServerOptions,
} from './net/server.js';
export { Socket } from './net/socket.js';
export type { ConnectSocketOptions, SocketOptions } from './net/socket-options.js';
export type { SocketAddress } from './net/values.js';

/** Connects, and returns the socket at once. Takes the arguments of `net.connect`. */
export interface Connect {
  (options: ConnectSocketOptions, onConnect?: () => void): Socket;
  (port: number, host: string, onConnect?: () => void): Socket;
  (portOrPath: number | string, onConnect?: () => void): Socket;
}

/** The functions of `node:net` on one reactor. They do not use `this`. */
export interface Net {
  /** @throws as {@link Socket.connect}. */
  readonly connect: Connect;
  /** The same as {@link connect}, under the name that agents of `http` call. */
  readonly createConnection: Connect;
  /** Creates a server. It listens after {@link Server.listen}. */
  createServer(options?: ServerOptions | null, onConnection?: OnSocket): Server;
  createServer(onConnection: OnSocket): Server;
}

/**
 * The functions of `node:net` on a reactor. A program can use them where a library takes functions
 * of `node:net`, for example as `createConnection` of an `http.Agent`.
 */
export function netOn(reactor: Reactor): Net {
  const connect = (...args: readonly unknown[]) => {
    const [first] = args;
    const options = typeof first === 'object' && first !== null ? first : {};
    const { timeout } = options as ConnectSocketOptions;
    const socket = new Socket(reactor, options as SocketOptions);
    if (timeout) socket.setTimeout(timeout);
    return socket.connect(...(args as [ConnectSocketOptions]));
  };
  const createServer = (options?: ServerOptions | OnSocket | null, onConnection?: OnSocket) =>
    new Server(reactor, options, onConnection);
  return Object.freeze({ connect, createConnection: connect, createServer });
}

/**
 * Makes a stream of an open connection. From then on the stream owns the connection: its callbacks
 * are not called any more, and the program must use only the stream.
 *
 * @throws {ReactorError} `ERR_REACTOR_CLOSED` if the connection is not open.
 */
export function socketOf(connection: Connection, options: SocketOptions = {}): Socket {
  if (connection.isOpen) return new Socket(undefined, options, { connection });
  throw new ReactorError('ERR_REACTOR_CLOSED', 'socketOf: this connection is not open.');
}
