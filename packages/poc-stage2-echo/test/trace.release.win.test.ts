import { startTrace, toTraceEvents } from 'nt-trace';
import { nativeMemory } from 'ntdllx';
import { runTest } from 'poc-stage2-echo';
import { expect, test } from 'vitest';
import { traceFileFaults } from './trace-file.js';

test('the trace of stage 2 is a file of the Trace Event format, each packet with its request', () => {
  const trace = startTrace();
  const verdict = runTest({ print: () => {} });
  const result = trace.stop();
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });

  const packets = result.records.filter((record) => record.kind === 'packet');
  // Accept, receive, disconnect, and the listener's poll that the end cancelled.
  expect(packets.map(({ answer }) => answer?.sockets[0]?.events.join('|'))).toEqual([
    'ACCEPT',
    'RECEIVE',
    'DISCONNECT',
    undefined,
  ]);
  expect(packets.at(-1)?.fields[2]).toEqual({ name: 'Status', text: 'STATUS_CANCELLED' });
  const calls = new Map(
    result.records.flatMap((record) => (record.kind === 'call' ? [[record.number, record]] : [])),
  );
  const requests = packets.map(({ request }) => calls.get(request?.number ?? 0));
  expect(requests.map((call) => call?.function)).toEqual(
    new Array(4).fill('NtDeviceIoControlFile'),
  );
  // The listener's block is used again: each packet has another request.
  expect(new Set(requests).size).toBe(4);

  const file = JSON.parse(JSON.stringify(toTraceEvents(result, { processName: 'stage 2' })));
  expect(traceFileFaults(file)).toEqual([]);
  const kinds = (ph: string) => file.traceEvents.filter((event: { ph: string }) => event.ph === ph);
  expect(kinds('X')).toHaveLength(calls.size);
  expect([kinds('i').length, kinds('s').length, kinds('f').length]).toEqual([4, 4, 4]);
  // Two lanes: the server's and the client's.
  expect(new Set(kinds('X').map(({ tid }: { tid: number }) => tid)).size).toBe(2);
  expect(result.threads.every(({ isComplete }) => isComplete)).toBe(true);
});
