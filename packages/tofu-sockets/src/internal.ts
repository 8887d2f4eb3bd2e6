/**
 * For this package's own tests. Not part of the API.
 *
 * @packageDocumentation
 */
export { NativeSkt } from './skt.js';
export { decodeSockaddr, encodeSockaddr } from './sockaddr.js';
export { ownFile, removeOwnFile, removeStaleFile, requireFreePath } from './uds-files.js';
export { winsockUsers } from './winsock.js';
