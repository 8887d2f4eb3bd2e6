/**
 * Stage 4: a packet leads to the right socket although the table of sockets moves.
 *
 * @packageDocumentation
 */
export { type Entry, type Found, PinnedRegistry } from './pinned-registry.js';
export { runTest, type Stage4Options, Stage4Pinned, stage4 } from './stage4-pinned.js';
