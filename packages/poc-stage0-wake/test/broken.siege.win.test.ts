import { nativeMemory } from 'ntdllx';
import { Stage0Wake } from 'poc-stage0-wake';
import { afterEach, expect, test } from 'vitest';

// Tests that wait for a real time-out. stage0-wake.win.test.ts has the other tests.

// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
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

test('broken on purpose: the stage fails if no thread wakes the port', () => {
  class Silent extends Stage0Wake {
    protected override wake(): void {}
  }
  expect(failure(new Silent(quick))).toBe(
    'the wait for the packet: expected STATUS_SUCCESS, saw STATUS_TIMEOUT',
  );
});

test('broken on purpose: with lost packets or waits that end early the figures are not reached', () => {
  class Lossy extends Stage0Wake {
    #taken = 0;
    protected override takePacket(timeoutMs: number) {
      this.#taken += 1;
      if (this.#taken % 500 === 0) super.takePacket(timeoutMs);
      return super.takePacket(timeoutMs);
    }
  }
  class Hasty extends Stage0Wake {
    protected override takePacket(timeoutMs: number) {
      return super.takePacket(timeoutMs < 100 ? timeoutMs / 2 : timeoutMs);
    }
  }
  expect(failure(new Lossy({ ...quick, isThorough: true }))).toMatch(
    /^commands from 4 threads: .* saw 399\d taken, [1-9]\d* out of order, 0 threads refused$/,
  );
  expect(failure(new Hasty({ ...quick, isThorough: true }))).toMatch(
    /^100 waits of 10 ms: expected none early, saw [1-9]\d* early/,
  );
});
