/**
 * Stage 4: a packet finds its socket while the table of sockets moves.
 *
 * @packageDocumentation
 */
export { type Entry, type Found, PinnedRegistry } from './pinned-registry.js';
export { runTest, type Stage4Options, Stage4Pinned, stage4 } from './stage4-pinned.js';
