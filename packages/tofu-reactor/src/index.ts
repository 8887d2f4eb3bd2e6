/**
 * Servers and connections over TCP and AF_UNIX, by AFD_POLL and one completion port, inside Node's own
 * event loop. Importing this opens nothing, anywhere.
 *
 * @packageDocumentation
 */
export { type WouldBlock, wouldBlock } from 'tofu-sockets';
export type { ReactorAddress } from './addresses.js';
export type { Bytes } from './bytes.js';
export type { ConnectOptions } from './connect-options.js';
export { Connection, type OnConnection } from './connection.js';
export type { ConnectionOptions } from './connection-options.js';
export { ReactorError, type ReactorErrorCode } from './errors.js';
export type { ListenOptions } from './listen-options.js';
export type { NodeError } from './node-errors.js';
export type { ReactorMode, ReactorOptions } from './options.js';
export { Reactor, type ReactorState } from './reactor.js';
export { type DroppedConnection, Server } from './server.js';
export type { WriteOptions } from './write-side.js';
