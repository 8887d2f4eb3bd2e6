import { AFD_POLL_ACCEPT, nativeMemory } from 'ntdllx';
import { AcceptPoll, acceptMask, compareWithStage1Table, type PollParameters } from 'poc-kit';
import { runTest, Stage1AcceptIocp } from 'poc-stage1-iocp';
import { afterEach, expect, test } from 'vitest';
import { brokenCells, traced } from './traced.js';

// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
const quick = { print: () => {}, waitLimitMs: 3_000 };

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('the trace of stage 1 agrees with each cell of the plan\u2019s parameter table', () => {
  const { records, threads } = traced(() => {
    expect(runTest(quick).verdict).toBe('proven');
  });
  const cells = compareWithStage1Table(records, 'port');
  expect(cells.filter(({ ok }) => !ok)).toEqual([]);
  expect(cells).toHaveLength(35);
  expect(threads).toMatchObject([
    { id: 0, name: 'main', isComplete: true },
    { name: 'client-worker', isComplete: true },
  ]);
  // The trace also has the client's calls, and names its socket.
  const connect = records.find((record) => record.kind === 'call' && record.function === 'connect');
  expect(connect).toMatchObject({
    threadId: threads[1]?.id,
    args: [{ text: 'socket#2' }, {}, {}],
    result: { text: 'SOCKET_ERROR' },
    error: 'WSAEWOULDBLOCK',
  });
});

test('the packet of stage 1 refers to its request', () => {
  const { records } = traced(() => runTest(quick));
  const packets = records.filter((record) => record.kind === 'packet');
  const polls = records.filter((record) => record.kind === 'call' && record.poll !== undefined);
  expect(polls).toMatchObject([{ completion: { packet: 'due' } }]);
  expect(packets).toMatchObject([
    {
      request: {
        function: 'NtDeviceIoControlFile',
        number: (polls[0] as { number: number }).number,
      },
    },
  ]);
  // The packet arrived after the wait of 100 ms that returned nothing.
  expect(packets[0]?.kind === 'packet' && packets[0].request?.sinceUs).toBeGreaterThan(90_000);
});

test('broken on purpose: a mask of ACCEPT alone differs from its cell', () => {
  class OnlyAccept extends Stage1AcceptIocp {
    protected override preparePoll(): AcceptPoll {
      return new AcceptPoll(this.base, AFD_POLL_ACCEPT);
    }
  }
  expect(acceptMask).not.toBe(AFD_POLL_ACCEPT);
  expect(brokenCells(new OnlyAccept(quick))).toEqual(['The request: Handles[0].Events ACCEPT']);
});

test('broken on purpose: without a request all cells of the request are empty', () => {
  class Silent extends Stage1AcceptIocp {
    protected override pollParameters(): PollParameters {
      throw new Error('on purpose');
    }
  }
  const cells = brokenCells(new Silent(quick));
  expect(cells.filter((cell) => cell.startsWith('The request: '))).toHaveLength(16);
});
