import { nativeMemory, ntKernel } from 'ntdllx';
import { hostProfile } from 'test-kit';
import { describe, expect } from 'vitest';
import { conform } from './conformance.js';

const { kernel, afUnix } = hostProfile();
const bell = new Int32Array(new SharedArrayBuffer(4));

const host = () => ({
  name: 'the real kernel',
  expected: kernel,
  kernel: ntKernel,
  now: () => performance.now(),
  sleep: (ms: number) => void Atomics.wait(bell, 0, 0, ms),
  verify: () => expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 }),
});

conform('IP', host);

describe.skipIf(!afUnix.isPresent)(`over AF_UNIX ${afUnix.reason}`, () => conform('AF_UNIX', host));
