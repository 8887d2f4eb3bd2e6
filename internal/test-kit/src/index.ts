/**
 * What the tests of all packages share. It depends on nothing of this repository, so that every
 * package's tests can depend on it.
 *
 * @packageDocumentation
 */
export { type HostProfile, hostProfile, type Presence } from './host-profile.js';
export { type KernelName, kernelNames } from './kernels.js';
