/**
 * Non-blocking sockets and their addresses, on Winsock. Importing this loads no DLL on any system.
 *
 * @packageDocumentation
 */
export {
  clientAddressOf,
  defaultPort,
  type Endpoint,
  longestPathBytes,
  type PathEndpoint,
  type SktAddress,
  type SktEndpoint,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  UDSClientAddress,
  UDSServerAddress,
} from './address.js';
export { formatAddressHeader, parseAddressHeaders } from './address-headers.js';
export { formatAddress, type ParsedAddress, parseAddress, type Side } from './address-text.js';
export type { CreateOptions } from './create-options.js';
export { SktError, type SktErrorCode } from './errors.js';
export type { SktOptions } from './options.js';
export { resolveAddress } from './resolve.js';
export {
  type AcceptedSkt,
  type AnySkt,
  type ClientSkt,
  type Datagram,
  type DatagramSkt,
  isSkt,
  type ListenerSkt,
  type Skt,
  type SktKind,
  type StreamSkt,
} from './skt-types.js';
export { SocketCreator } from './socket-creator.js';
export type { TransferFlags } from './transfer-flags.js';
export { temporaryUDSPath, type UDSPathState, udsPathState } from './uds-files.js';
export type { Direction, SktWatcher } from './watchers.js';
export { type WouldBlock, wouldBlock } from './would-block.js';
