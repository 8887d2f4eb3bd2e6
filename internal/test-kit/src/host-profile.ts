import { readFileSync } from 'node:fs';
import { type KernelName, kernelNames } from './kernels.js';

/** Whether a host has something, and if not, why. */
export interface Presence {
  readonly isPresent: boolean;
  /** Empty where it is present. */
  readonly reason: string;
}

/** What the host of this test run was asked before the tests started. */
export interface HostProfile {
  /** The kernel whose row of expectations holds here. */
  readonly kernel: KernelName;
  /** What ntdll says of itself: `Wine 8.0`, `Windows 10.0.26100`. */
  readonly kernelVersion: string;
  /** Set where the kernel is newer than all known ones and is judged as the newest of them. */
  readonly note: string;
  /** AF_UNIX sockets: one was made, or could not be. */
  readonly afUnix: Presence;
  /** Pseudo-terminals of the host: one was opened, or could not be. */
  readonly pseudoTerminals: Presence;
  /** The facts that setup found: `wine` is what `wine --version` prints, and only with Wine there. */
  readonly host: { readonly kind: 'wine' | 'windows' | 'none'; readonly wine?: string };
}

let known: HostProfile | undefined;

/**
 * The profile that the test runner wrote. Its path is in `TEST_HOST_PROFILE`; `TEST_KERNEL`, for tests of
 * the tests, replaces the kernel whose expectations are used.
 *
 * @throws {Error} where there is none: the tests were not started by the test runner.
 */
export function hostProfile(): HostProfile {
  known ??= read();
  return known;
}

function read(): HostProfile {
  const path = process.env['TEST_HOST_PROFILE'];
  if (path === undefined) {
    throw new Error(
      'TEST_HOST_PROFILE is not set. Run the tests by: pnpm --filter PACKAGE test:debug',
    );
  }
  const profile = JSON.parse(readFileSync(path, 'utf8')) as HostProfile;
  const forced = process.env['TEST_KERNEL'];
  if (forced === undefined || forced === '') return profile;
  const kernel = kernelNames.find((name) => name === forced);
  if (kernel === undefined) {
    throw new Error(`TEST_KERNEL is "${forced}"; known are ${kernelNames.join(', ')}.`);
  }
  return { ...profile, kernel, note: `forced by TEST_KERNEL=${kernel}` };
}
