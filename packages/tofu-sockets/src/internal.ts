/**
 * Internals, for this repository's own tests and measurements. Not part of the API.
 *
 * @packageDocumentation
 */
export { NativeSkt } from './skt.js';
export { decodePath, decodeSockaddr, encodeSockaddr } from './sockaddr.js';
export { createSocketCreator } from './socket-creator.js';
export { ownFile, removeOwnFile, temporaryUDSPathOn, udsPathStateOn } from './uds-files.js';
export { winsockUsers } from './winsock.js';
