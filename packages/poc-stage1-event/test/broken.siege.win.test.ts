import { AFD_POLL_ACCEPT, nativeMemory } from 'ntdllx';
import { AcceptPoll, acceptMask, type PollParameters } from 'poc-kit';
import { Stage1AcceptEvent } from 'poc-stage1-event';
import { failedChecks } from 'test-kit';
import { afterEach, expect, test } from 'vitest';

// Tests that wait for a real time-out. stage1-accept-event.win.test.ts has the other tests.

// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
const quick = { print: () => {}, waitLimitMs: 3_000 };

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('broken on purpose: the stage fails if the mask has no ACCEPT', () => {
  class WithoutAccept extends Stage1AcceptEvent {
    protected override preparePoll(): AcceptPoll {
      return new AcceptPoll(this.base, acceptMask & ~AFD_POLL_ACCEPT);
    }
  }
  expect(failedChecks(new WithoutAccept(quick))).toEqual(['the wait for the client: WAIT_TIMEOUT']);
});

test('broken on purpose: the stage fails if the request has no event', () => {
  class NoEvent extends Stage1AcceptEvent {
    protected override pollParameters(poll: AcceptPoll): PollParameters {
      return { ...super.pollParameters(poll), Event: 0 };
    }
  }
  expect(failedChecks(new NoEvent(quick))).toEqual(['the wait for the client: WAIT_TIMEOUT']);
});

test('broken on purpose: the stage fails if the poll times out, though its block has the expected mask', () => {
  class TimedOut extends Stage1AcceptEvent {
    protected override preparePoll(): AcceptPoll {
      const poll = new AcceptPoll(this.base, AFD_POLL_ACCEPT);
      poll.info.Timeout = -15_000_000n;
      return poll;
    }
    protected override startClient(): void {}
  }
  expect(failedChecks(new TimedOut({ ...quick, waitLimitMs: 5_000 }))).toEqual([
    'IoStatusBlock.Status: 0x102',
    'IoStatusBlock.Information: 16',
    'NumberOfHandles: 0',
    'Handles[0].Status: 0xdeadbeef',
    'accept: would block',
  ]);
});
