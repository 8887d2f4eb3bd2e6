/**
 * For this package's own tests. Not part of the API.
 *
 * @packageDocumentation
 */
export { decodeSockaddr, encodeSockaddr } from './sockaddr.js';
export { winsockUsers } from './winsock.js';
