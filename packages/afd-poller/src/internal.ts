/**
 * For this package's own tests. Not part of the API.
 *
 * @packageDocumentation
 */
export { CompletionPort } from './completion-port.js';
export { DEBUG } from './debug.js';
export { afdMask, readInterest, wants } from './interest.js';
export { Line } from './line.js';
export { PollBlocks } from './poll-blocks.js';
export { readinessOf, stillWanted, wantsTold } from './readiness.js';
export { Registration } from './registration.js';
export { packWant, SharedFlags, unpackWant } from './signals.js';
