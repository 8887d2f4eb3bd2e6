import { SharedFlags } from 'afd-poller/internal';
import { afterEach, expect, test, vi } from 'vitest';
import { World } from './fuzz/world.js';
import { worldOptions } from './fuzz/world-options.js';

// Tests every interleaving of two threads that wake and take a wake. Between two atomic steps of
// the first thread, the second thread performs its whole operation.

const steps = ['load', 'store', 'or', 'exchange'] as const;

afterEach(() => void vi.restoreAllMocks());

/**
 * Runs `first`, and runs `second` before the step number `at` of `first`. Steps are numbered from
 * 0.
 *
 * @returns the number of steps.
 */
function meet(at: number, first: () => void, second: () => void): number {
  let count = 0;
  let isInside = false;
  const spies = steps.map((name) => {
    const real = Atomics[name] as (...args: unknown[]) => unknown;
    return vi.spyOn(Atomics, name).mockImplementation(((...args: unknown[]) => {
      if (!isInside) {
        isInside = true;
        if (count === at) second();
        isInside = false;
        count += 1;
      }
      return real(...args);
    }) as never);
  });
  first();
  for (const spy of spies) spy.mockRestore();
  return count;
}

/** A port that only counts the packets of wakes. */
function setUp() {
  const flags = new SharedFlags();
  let packets = 0;
  return {
    wake: (bits: number) =>
      flags.wake(bits, () => {
        packets += 1;
      }),
    /** Removes one packet, if there is one. */
    take(): number {
      if (packets === 0) return 0;
      packets -= 1;
      return flags.takeWake();
    },
  };
}

test('a wake while another wake is taken is reported in this wait or in the next', () => {
  let meetings = 0;
  for (let at = 0; at === 0 || at < meetings; at += 1) {
    const { wake, take } = setUp();
    wake(0b01);
    let reported = 0;
    meetings = meet(
      at,
      () => {
        reported |= take();
      },
      () => wake(0b10),
    );
    for (let turn = 0; turn < 3; turn += 1) reported |= take();
    expect(reported, `[wake lost] before step ${at} of taking`).toBe(0b11);
  }
  expect(meetings).toBe(2);
});

test('a wake interrupted at any step by another wake and by a take is reported', () => {
  let meetings = 0;
  for (let at = 0; at === 0 || at < meetings; at += 1) {
    const { wake, take } = setUp();
    let reported = 0;
    meetings = meet(
      at,
      () => wake(0b01),
      () => {
        wake(0b10);
        reported |= take();
      },
    );
    for (let turn = 0; turn < 3; turn += 1) reported |= take();
    expect(reported, `[wake lost] before step ${at} of waking`).toBe(0b11);
  }
  expect(meetings).toBe(2);
});

test('a refused wake is not expected after a wake that relied on a refused packet', () => {
  // Random worlds found this error in the model: a third wake occurs while the second one is being
  // refused.
  const world = new World(worldOptions(391_654_489), new Map());
  world.step(['later', -1_801_059_439]);
  world.step(['later', -241_530_412]);
  world.step(['wake', 0]);
  world.step(['network', 2_058_909_174]);
  world.step(['settle', 0]);
});
