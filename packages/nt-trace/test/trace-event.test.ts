import { buildTrace, startTrace, toTraceEvents, trackFor } from 'nt-trace';
import { expect, test } from 'vitest';
import { Script } from './raw-calls.js';

const [port, socket, iosb] = [0x40, 0x44, 0x5000];

test('calls are slices, a packet is a mark, and an arrow goes from its request to it', () => {
  const script = new Script()
    .port(port)
    .socket(socket)
    .associate(socket, port)
    .poll(socket, iosb)
    .remove(port, [{ apcContext: iosb }, { apcContext: 9 }]);
  const threads = [{ id: 0, name: 'main', isComplete: true }];
  const result = { records: buildTrace(script.calls), threads, callCount: 5, originUs: 1_000 };
  const { traceEvents, otherData } = toTraceEvents(result, { processName: 'x', pid: 7 });
  const at = { pid: 7, tid: 0 };
  expect(traceEvents.slice(0, 2)).toEqual([
    { ph: 'M', name: 'process_name', ...at, ts: 0, args: { name: 'x' } },
    { ph: 'M', name: 'thread_name', ...at, ts: 0, args: { name: 'main' } },
  ]);
  const slices = traceEvents.filter(({ ph }) => ph === 'X');
  expect(slices.map(({ name, ts, dur }) => [name, ts, dur])).toEqual([
    ['NtCreateIoCompletion', 0, 10],
    ['WSASocketW', 100, 10],
    ['CreateIoCompletionPort', 200, 10],
    ['NtDeviceIoControlFile', 300, 10],
    ['NtRemoveIoCompletionEx', 400, 10],
  ]);
  expect(slices[3]?.args).toMatchObject({ call: 4, Event: 'null', result: 'STATUS_PENDING' });
  const arrow = { name: 'packet', cat: 'packet', id: 1, ...at };
  expect(traceEvents.filter(({ ph }) => ph === 's' || ph === 'f')).toEqual([
    { ph: 's', ...arrow, ts: 300 },
    { ph: 'f', ...arrow, ts: expect.closeTo(409.9, 6), bp: 'e' },
  ]);
  // A packet without a request is a mark without an arrow.
  const marks = traceEvents.filter(({ ph }) => ph === 'i');
  expect(marks.map(({ args }) => args?.['request'])).toEqual([4, undefined]);
  expect(otherData).toEqual({});
});

test('the result and the file name a worker that did not end', () => {
  expect(trackFor('no trace yet')).toBeUndefined();
  const trace = startTrace();
  trackFor('slow');
  const result = trace.stop();
  expect(result.threads).toEqual([
    { id: 0, name: 'main', isComplete: true },
    { id: -1, name: 'slow', isComplete: false },
  ]);
  expect(toTraceEvents(result, { processName: 'x' }).otherData).toEqual({
    'threads cut short': 'slow',
  });
  expect(trackFor('too late')).toBeUndefined();
});
