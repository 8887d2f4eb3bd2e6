import { readFileSync } from 'node:fs';
import { type KernelName, kernelNames } from './kernels.js';

/** Whether a host has a feature, and if not, why. */
export interface Presence {
  readonly isPresent: boolean;
  /** Empty if it is present. */
  readonly reason: string;
}

/** The facts about the host of this test run that were determined before the tests started. */
export interface HostProfile {
  /** The kernel whose expectations apply here. */
  readonly kernel: KernelName;
  /** The version that ntdll reports: `Wine 8.0`, `Windows 10.0.26100`. */
  readonly kernelVersion: string;
  /**
   * Set if the kernel is newer than all known kernels; the newest one's expectations then apply.
   */
  readonly note: string;
  /** AF_UNIX sockets: whether one could be created. */
  readonly afUnix: Presence;
  /** Pseudo-terminals of the host: whether one could be opened. */
  readonly pseudoTerminals: Presence;
  /**
   * The facts that setup determined: `wine` is the output of `wine --version`, present only with
   * Wine.
   */
  readonly host: { readonly kind: 'wine' | 'windows' | 'none'; readonly wine?: string };
}

let known: HostProfile | undefined;

/**
 * The profile that the test runner wrote. Its path is in `TEST_HOST_PROFILE`. `TEST_KERNEL`, for
 * tests of the tests, replaces the kernel whose expectations apply.
 *
 * @throws {Error} if there is none: the test runner did not start the tests.
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
