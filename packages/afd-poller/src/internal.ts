/**
 * For this repository's own tests and measurements. Not part of the API.
 *
 * @packageDocumentation
 */
import { AfdPoller } from './afd-poller.js';
import type { PollerOptions, PollerSeams } from './options.js';

export { hasWork, verifyPoller } from './afd-poller.js';
export { DEBUG } from './debug.js';
export type { PollerSeams } from './options.js';
export { PollBlocks } from './poll-blocks.js';
export { createRemote } from './poller-remote.js';
export { Queue } from './queue.js';
export { SharedFlags } from './shared-flags.js';

/** Creates a poller on another kernel or with another clock. */
export function createPoller<Token = unknown>(
  options: PollerOptions & PollerSeams = {},
): AfdPoller<Token> {
  return new AfdPoller<Token>(options);
}
