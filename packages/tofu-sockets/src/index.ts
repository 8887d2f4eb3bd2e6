/**
 * Non-blocking sockets and their addresses, on Winsock. Importing this opens nothing, anywhere.
 *
 * @packageDocumentation
 */
export {
  type Endpoint,
  longestPathBytes,
  type SktAddress,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  UDSClientAddress,
  UDSServerAddress,
} from './address.js';
export { formatAddress, type ParsedAddress, parseAddress, type Side } from './address-text.js';
export { SktError, type SktErrorCode } from './errors.js';
export type { SktOptions } from './options.js';
export { type Datagram, Skt, type SktKind, type TransferFlags } from './skt.js';
export { SocketCreator } from './socket-creator.js';
export { type WouldBlock, wouldBlock } from './would-block.js';
