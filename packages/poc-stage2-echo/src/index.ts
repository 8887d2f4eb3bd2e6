/**
 * Stage 2: an echo server on AFD_POLL and a completion port.
 *
 * @packageDocumentation
 */
export { chunkBytes, EchoConnection, type Traffic } from './echo-connection.js';
export { type EchoCounts, EchoServer } from './echo-server.js';
export { SocketPoll } from './socket-poll.js';
export { runTest, Stage2Echo, stage2Echo } from './stage2-echo.js';
