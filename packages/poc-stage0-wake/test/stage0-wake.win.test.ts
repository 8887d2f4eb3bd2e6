import { nativeMemory } from 'ntdllx';
import { runTest, Stage0Wake, type WakePacket } from 'poc-stage0-wake';
import { inRelease } from 'test-kit';
import { afterEach, expect, test } from 'vitest';

// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
const quick = { print: () => {}, waitLimitMs: 3_000 };

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('Windows Stage 0: Wake Test', () => {
  const lines: string[] = [];
  const verdict = runTest({ print: (line) => lines.push(line) });
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(9);
  // One line for the claim and one for each step.
  expect(lines).toHaveLength(10);
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

inRelease(() => {
  test('broken on purpose: the stage fails if another packet arrives', () => {
    class Other extends Stage0Wake {
      protected override wake(packet: WakePacket): void {
        super.wake({ ...packet, information: packet.information + 1n });
      }
    }
    expect(failure(new Other(quick))).toMatch(/^IoStatusBlock\.Information: /);
  });

  test('broken on purpose: the stage fails if two packets arrive', () => {
    class Twice extends Stage0Wake {
      protected override wake(packet: WakePacket): void {
        super.wake(packet);
        super.wake(packet);
        // Both packets are on the port before the first is removed.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      }
    }
    expect(failure(new Twice(quick))).toMatch(/^after the wake, a wait of 100 ms: /);
  });
});

test('a stage runs once; a second close has no effect', () => {
  const stage = new Stage0Wake(quick);
  expect(stage.run().verdict).toBe('proven');
  expect(() => stage.run()).toThrowError('This stage has run already. Construct a new one.');
  stage.close();
  stage.close();
  expect(() => stage.run()).toThrowError('This stage is closed: construct another one.');
});
