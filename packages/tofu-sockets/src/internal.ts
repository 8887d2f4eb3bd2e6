/**
 * Internals, for this repository's own tests and measurements. Not part of the API.
 *
 * @packageDocumentation
 */

export { createSocketCreator } from './on-kernel.js';
export { NativeSkt } from './skt.js';
export { decodePath, decodeSockaddr, encodeSockaddr } from './sockaddr.js';
export { ownFile, removeOwnFile, temporaryUDSPathOn, udsPathStateOn } from './uds-files.js';
export { winsockUsers } from './winsock.js';
