/**
 * Non-blocking sockets and their addresses, on Winsock. Importing this opens nothing, anywhere.
 *
 * @packageDocumentation
 */
export { type Endpoint, type SktAddress, TCPClientAddress, TCPServerAddress } from './address.js';
export { SktError, type SktErrorCode } from './errors.js';
export { Skt, type SktKind } from './skt.js';
export { SocketCreator } from './socket-creator.js';
export { type WouldBlock, wouldBlock } from './would-block.js';
