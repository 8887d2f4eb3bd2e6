/**
 * Stage 5: the reactor with a hundred clients, heartbeats and commands of other threads.
 *
 * @packageDocumentation
 */
export { HeartbeatServer, type ServerCounts } from './server.js';
export { runTest, type Stage5Options, Stage5Reactor, stage5 } from './stage5-reactor.js';
