import { nativeMemory } from 'ntdllx';
import { Stage0Wake } from 'poc-stage0-wake';
import { afterEach, expect, test } from 'vitest';

// What shows only when a real time-out is over; the rest: stage0-wake.win.test.ts.

// Long enough for a helper thread to start on a busy machine; what is awaited in vain takes all of it.
const quick = { print: () => {}, waitLimitMs: 3_000 };

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

function failure(stage: Stage0Wake): string {
  try {
    const { verdict, reason } = stage.run();
    expect(verdict).toBe('failed');
    return reason;
  } finally {
    stage.close();
  }
}

test('broken on purpose: nobody wakes', () => {
  class Silent extends Stage0Wake {
    protected override wake(): void {}
  }
  expect(failure(new Silent(quick))).toBe(
    'the wait for it: expected STATUS_SUCCESS, saw STATUS_TIMEOUT',
  );
});
