import { nativeMemory } from 'ntdllx';
import { SetEvent } from 'ntdllx/kernel32';
import type { AcceptPoll, PollParameters } from 'poc-kit';
import { runTest, Stage1AcceptEvent } from 'poc-stage1-event';
import { failedChecks, inRelease } from 'test-kit';
import { afterEach, describe, expect, test } from 'vitest';

// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
const quick = { print: () => {}, waitLimitMs: 3_000 };

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('Windows Stage 1: Accept Test', () => {
  const lines: string[] = [];
  const verdict = runTest({ print: (line) => lines.push(line) });
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(10);
  expect(lines.join('\n')).toContain('Events returned: 0x80');
});

test('N02 the request has the values of the plan\u2019s parameter table', () => {
  class Seen extends Stage1AcceptEvent {
    calls = 0;
    protected override pollParameters(poll: AcceptPoll): PollParameters {
      const parameters = super.pollParameters(poll);
      this.calls += 1;
      expect(this.event).toBeGreaterThan(0);
      expect(parameters).toEqual({
        FileHandle: this.base,
        Event: this.event,
        ApcRoutine: 0,
        ApcContext: 0,
        IoStatusBlock: poll.iosb.address,
        IoControlCode: 0x12024,
        InputBuffer: poll.info.address,
        InputBufferLength: 32,
        OutputBuffer: poll.info.address,
        OutputBufferLength: 32,
      });
      return parameters;
    }
  }
  const stage = new Seen(quick);
  expect(stage.run().verdict).toBe('proven');
  stage.close();
  expect(stage.calls).toBe(1);
});

inRelease(() => {
  test('broken on purpose: the stage fails without a client', () => {
    class NoClient extends Stage1AcceptEvent {
      protected override startClient(): void {}
    }
    expect(failedChecks(new NoClient(quick))).toEqual(['the wait for the client: WAIT_TIMEOUT']);
  });

  test('broken on purpose: the stage fails if the program itself sets the event', () => {
    class ByHand extends Stage1AcceptEvent {
      protected override startClient(): void {
        SetEvent(this.event);
      }
    }
    expect(failedChecks(new ByHand(quick))).toEqual([
      'IoStatusBlock.Status: 0x103',
      'IoStatusBlock.Information: 0',
      'Events returned: 0x1b8',
      'Handles[0].Status: 0xdeadbeef',
      'accept: would block',
    ]);
  });
});

inRelease(() => {
  describe('the trace', async () => void (await import('./trace.js')));
});
