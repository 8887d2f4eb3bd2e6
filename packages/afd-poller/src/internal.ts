/**
 * For this repository's own tests and measurements. Not part of the API.
 *
 * @packageDocumentation
 */
export { verifyPoller } from './afd-poller.js';
export { DEBUG } from './debug.js';
export { createPoller, hasWork, type KernelOptions } from './on-kernel.js';
export { PollBlocks } from './poll-blocks.js';
export { createRemote } from './poller-remote.js';
export { Queue } from './queue.js';
export { SharedFlags } from './shared-flags.js';
