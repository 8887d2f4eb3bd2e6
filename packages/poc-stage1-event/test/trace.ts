import { startTrace } from 'nt-trace';
import { nativeMemory } from 'ntdllx';
import type { AcceptPoll, PollParameters } from 'poc-kit';
import { compareWithStage1Table } from 'poc-kit';
import { runTest, Stage1AcceptEvent } from 'poc-stage1-event';
import { expect, test } from 'vitest';

// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
const quick = { print: () => {}, waitLimitMs: 3_000 };

test('the trace of stage 1 agrees with each cell of the plan\u2019s event column', () => {
  const trace = startTrace();
  expect(runTest(quick).verdict).toBe('proven');
  const { records } = trace.stop();
  const cells = compareWithStage1Table(records, 'event');
  expect(cells.filter(({ ok }) => !ok)).toEqual([]);
  expect(cells).toHaveLength(24);
  expect(records.filter(({ kind }) => kind === 'packet')).toEqual([]);
  const poll = records.find((record) => record.kind === 'call' && record.poll !== undefined);
  expect(poll).toMatchObject({ completion: { packet: 'none', reason: 'ApcContext is null' } });
});

test('broken on purpose: a changed ApcContext differs from its cell of the table', () => {
  class WithContext extends Stage1AcceptEvent {
    protected override pollParameters(poll: AcceptPoll): PollParameters {
      return { ...super.pollParameters(poll), ApcContext: poll.iosb.address };
    }
  }
  const trace = startTrace();
  const stage = new WithContext(quick);
  stage.run();
  stage.close();
  const cells = compareWithStage1Table(trace.stop().records, 'event').filter(({ ok }) => !ok);
  expect(cells).toMatchObject([{ name: 'ApcContext', expected: 'null', seen: '&iosb#1' }]);
  expect(nativeMemory().blocks).toBe(0);
});
