/**
 * For libraries that make sockets on a kernel of their own, such as one whose calls they count.
 *
 * @packageDocumentation
 */
export { createSocketCreator } from './socket-creator.js';
export { udsPathStateOn } from './uds-files.js';
