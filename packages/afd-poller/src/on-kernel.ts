/**
 * For libraries that run a poller inside a loop of their own, or on a kernel of their own, such as
 * one whose packets another thread removes.
 *
 * @packageDocumentation
 */
import { AfdPoller } from './afd-poller.js';
import type { KernelOptions, PollerOptions } from './options.js';

export { hasWork } from './afd-poller.js';
export type { KernelOptions } from './options.js';

/**
 * Creates a poller on another kernel or with another clock.
 *
 * @throws as the constructor of {@link AfdPoller} does.
 */
export function createPoller<Token = unknown>(
  options: PollerOptions & KernelOptions = {},
): AfdPoller<Token> {
  return new AfdPoller<Token>(options);
}
