import { nativeMemory, ntKernel } from 'ntdllx';
import { hostProfile } from 'test-kit';
import { expect } from 'vitest';
import type { Host } from './fixture.js';

const bell = new Int32Array(new SharedArrayBuffer(4));

/** The real kernel, for suites that add the kind of their sockets. */
export const realHost: Omit<Host, 'over'> = {
  name: 'the real kernel',
  expected: hostProfile().kernel,
  kernel: ntKernel,
  now: () => performance.now(),
  sleep: (ms) => void Atomics.wait(bell, 0, 0, ms),
  verify: () => expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 }),
};
