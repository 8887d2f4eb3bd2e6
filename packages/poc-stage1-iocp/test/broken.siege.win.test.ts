import { AFD_POLL_ACCEPT, nativeMemory } from 'ntdllx';
import { AcceptPoll, acceptMask, type PollParameters } from 'poc-kit';
import { Stage1AcceptIocp } from 'poc-stage1-iocp';
import { failedChecks } from 'test-kit';
import { afterEach, expect, test } from 'vitest';

// Tests that wait for a real time-out. stage1-accept-iocp.win.test.ts has the other tests.

// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
const quick = { print: () => {}, waitLimitMs: 3_000 };

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('broken on purpose: the stage fails without a client', () => {
  class NoClient extends Stage1AcceptIocp {
    protected override startClient(): void {}
  }
  expect(failedChecks(new NoClient(quick))).toEqual(['the wait for the client: STATUS_TIMEOUT']);
});

test('broken on purpose: the stage fails if the mask has no ACCEPT', () => {
  class WithoutAccept extends Stage1AcceptIocp {
    protected override preparePoll(): AcceptPoll {
      return new AcceptPoll(this.base, acceptMask & ~AFD_POLL_ACCEPT);
    }
  }
  expect(failedChecks(new WithoutAccept(quick))).toEqual([
    'the wait for the client: STATUS_TIMEOUT',
  ]);
});

test('broken on purpose: N03 the stage fails with a null ApcContext: NT posts no packet', () => {
  class NoContext extends Stage1AcceptIocp {
    protected override pollParameters(poll: AcceptPoll): PollParameters {
      return { ...super.pollParameters(poll), ApcContext: 0 };
    }
    get isFilled(): boolean {
      return this.poll?.isPending === false && this.poll.info.handle(0).Events === AFD_POLL_ACCEPT;
    }
  }
  const stage = new NoContext(quick);
  expect(stage.run().reason).toMatch(/^the wait for the client: .*saw STATUS_TIMEOUT$/);
  expect(stage.isFilled).toBe(true);
  stage.close();
});

test('broken on purpose: the stage fails if the poll times out, though its block has the expected mask', () => {
  class TimedOut extends Stage1AcceptIocp {
    protected override preparePoll(): AcceptPoll {
      const poll = new AcceptPoll(this.base, AFD_POLL_ACCEPT);
      poll.info.Timeout = -15_000_000n;
      return poll;
    }
    protected override startClient(): void {}
  }
  const failed = failedChecks(new TimedOut({ ...quick, waitLimitMs: 5_000 }));
  expect(failed).toEqual([
    'Status of the packet: 0x102',
    'Information of the packet: 16',
    'IoStatusBlock.Status: 0x102',
    'IoStatusBlock.Information: 16',
    'NumberOfHandles: 0',
    'Handles[0].Status: 0xdeadbeef',
    'accept: would block',
  ]);
  // A check of this field alone would have proven an accept that never happened.
  expect(failed.join()).not.toContain('Events returned');
});
