import { expect, test } from 'vitest';
import { traceFileFaults } from './trace-file.js';

// Tests of the checker: each rule must refuse a file that breaks it.

const at = { pid: 1, tid: 0 };
const named = { ph: 'M', name: 'thread_name', ...at, ts: 0, args: { name: 'main' } };
const process_ = { ...named, name: 'process_name' };
const slice = { ph: 'X', name: 'NtClose', cat: 'ntdll.dll', ...at, ts: 5, dur: 2, args: {} };
const start = { ph: 's', name: 'packet', cat: 'packet', id: 1, ...at, ts: 5 };
const finish = { ...start, ph: 'f', ts: 6, bp: 'e' };
const right = [named, process_, slice, start, finish];
const file = (traceEvents: readonly object[]) => ({
  traceEvents,
  displayTimeUnit: 'ms',
  otherData: {},
});

test('a valid file has no fault', () => {
  expect(traceFileFaults(file(right))).toEqual([]);
});

test.each([
  ['no events', file([]), /^traceEvents: /],
  ['a list instead of the object', right, /^traceEvents: |^null: /],
  ['an event of another kind', file([...right, { ...slice, ph: 'B' }]), /^traceEvents\.5/],
  ['a slice without a duration', file([...right, { ...slice, dur: undefined }]), /\.5\.dur: /],
  ['a time before the beginning', file([...right, { ...slice, ts: -1 }]), /\.5\.ts: /],
  ['metadata without a time', file([...right, { ...named, ts: undefined }]), /\.5\.ts: /],
  ['an unknown field', file([...right, { ...slice, x: 1 }]), /\.5\.x: /],
  ['a thread without a name', file([...right, { ...slice, tid: 7 }]), /thread 7 has no name/],
  ['a process without a name', file([named, slice]), /^0 names of the process/],
  ['calls of one thread at a time', file([...right, { ...slice, ts: 6 }]), /has not ended/],
  ['an arrow from nowhere', file([named, process_, slice, finish]), /^arrow 1: it has no start/],
  ['an arrow to nowhere', file([named, process_, slice, start]), /^1 starts, 0 ends/],
  [
    'an arrow back in time',
    file([named, process_, slice, { ...start, ts: 7 }, finish]),
    /before it/,
  ],
  [
    'an arrow past its slice',
    file([named, process_, slice, start, { ...finish, ts: 9 }]),
    /no slice/,
  ],
])('refused: %s', (_, wrong, fault) => {
  expect(traceFileFaults(wrong).join('\n')).toMatch(fault);
});
