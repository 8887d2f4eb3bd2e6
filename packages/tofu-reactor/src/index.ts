/**
 * Servers and connections over TCP and AF_UNIX, by AFD_POLL and one completion port, inside Node's
 * own event loop. Importing this module opens no library and no handle, on any host.
 *
 * @packageDocumentation
 */
export type { DiagnosticsChannel, RemoteData } from 'afd-poller';
export type { Datagram, Endpoint } from 'tofu-sockets';
export { type WouldBlock, wouldBlock } from 'tofu-sockets';
export type { ReactorAddress } from './addresses.js';
export type { Bytes } from './bytes.js';
export type { ConnectOptions } from './connect-options.js';
export { Connection, type OnConnection } from './connection.js';
export type { ConnectionOptions } from './connection-options.js';
export { DatagramSocket } from './datagram-socket.js';
export {
  type ConnectionCloseMessage,
  type ConnectionMessage,
  type DiagnosticsChannels,
  type DiagnosticsMessages,
  diagnosticsChannels,
  type ReactorMessage,
  type ServerMessage,
} from './diagnostics.js';
export { ReactorError, type ReactorErrorCode } from './errors.js';
export type { ListenOptions } from './listen-options.js';
export type { NodeError } from './node-errors.js';
export type { ReactorMode, ReactorOptions } from './options.js';
export { type Posted, Reactor, type ReactorState } from './reactor.js';
export { type DroppedConnection, Server } from './server.js';
export type { WriteOptions } from './write-side.js';
