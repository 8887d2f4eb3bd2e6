/**
 * For this package's own tests. Not part of the API.
 *
 * @packageDocumentation
 */
export { NativeSkt } from './skt.js';
export { decodePath, decodeSockaddr, encodeSockaddr } from './sockaddr.js';
export { ownFile, removeOwnFile } from './uds-files.js';
export { winsockUsers } from './winsock.js';
