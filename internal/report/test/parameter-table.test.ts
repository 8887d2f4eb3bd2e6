import type { CallRecord, TraceRecord } from 'nt-trace';
import { expect, test } from 'vitest';
import { page, recorded, result } from './input.js';
import { type Element, isOfClass, textOf, within } from './parse-page.js';

/** The cells of the only row with this name in a section: plan and observation of each variant. */
function rowOf(table: Element | undefined, section: string, name: string): string[] {
  const groups = table === undefined ? [] : within(table, 'tbody');
  const group = groups.find((each) => textOf(within(each, 'th')[0]) === section);
  const rows = group === undefined ? [] : within(group, 'tr');
  const row = rows.find((each) => textOf(within(each, 'th')[0]) === name);
  return row === undefined ? [] : within(row, 'td').map(textOf);
}

/** The recorded trace of a stage with its poll changed. */
function altered(stage: '1-event' | '1-iocp', change: (poll: CallRecord) => CallRecord) {
  const own = recorded(stage);
  const records = own.trace.records.map(
    (record): TraceRecord =>
      record.kind === 'call' && record.poll !== undefined ? change(record) : record,
  );
  return result(stage, { trace: { ...own, trace: { ...own.trace, records } } });
}

const withArgument = (poll: CallRecord, parameter: string, text: string): CallRecord => ({
  ...poll,
  args: poll.args.map((arg) => (arg.name === parameter ? { ...arg, text } : arg)),
});

test('the table shows both variants side by side, with the values of their traces', () => {
  const { find } = page();
  const [table] = find('table', 'parameters');
  expect(rowOf(table, 'The request', 'Event')).toEqual(['the event', 'event#1', 'null', 'null']);
  expect(rowOf(table, 'The request', 'ApcContext')).toEqual([
    'null',
    'null',
    'address of the IO_STATUS_BLOCK',
    '&iosb#1',
  ]);
  expect(rowOf(table, 'The packet', 'Information')).toEqual(['–', '–', '32', '32']);
  expect(find('td', 'differs')).toEqual([]);
  expect(find('td', 'kept')).toHaveLength(24 + 35);
});

test('a changed argument in the trace is marked as a difference, in words', () => {
  const change = (poll: CallRecord) => withArgument(poll, 'Event', 'event#7');
  const { find } = page({ results: [result('1-event'), altered('1-iocp', change)] });
  const [table] = find('table', 'parameters');
  expect(rowOf(table, 'The request', 'Event')).toEqual([
    'the event',
    'event#1',
    'null',
    'differs: event#7',
  ]);
  expect(find('td', 'differs')).toHaveLength(1);
  expect(textOf(find('body')[0])).toContain('1 cell differs from the plan.');
});

test('a buffer that differs from the one in earlier cells is marked, with the expected name', () => {
  const change = (poll: CallRecord) => withArgument(poll, 'IoStatusBlock', '&iosb#2');
  const { find } = page({ results: [altered('1-iocp', change)] });
  const [table] = find('table', 'parameters');
  expect(rowOf(table, 'The request', 'IoStatusBlock').at(-1)).toBe('differs: &iosb#2, not &iosb#1');
});

test('each cell says that a variant was not run or left no trace', () => {
  const { find } = page({ results: [result('1-iocp', { trace: undefined })] });
  const [table] = find('table', 'parameters');
  expect(rowOf(table, 'The request', 'IoControlCode')).toEqual([
    'IOCTL_AFD_POLL',
    'not run',
    'IOCTL_AFD_POLL',
    'no trace',
  ]);
  expect(find('td', 'kept')).toEqual([]);
});

test('each build has a table; a table with a difference is open', () => {
  const change = (poll: CallRecord) => withArgument(poll, 'ApcRoutine', '&0x10');
  const { find } = page({
    results: [result('1-event'), altered('1-event', change), result('1-iocp')].map((each, index) =>
      index === 0 ? { ...each, build: 'release' as const } : each,
    ),
  });
  const tables = find('table', 'parameters');
  expect(tables.map((table) => textOf(within(table, 'caption')[0]))).toEqual([
    'Stage 1, release build',
    'Stage 1, debug build',
  ]);
  const cells = tables.map((table) =>
    within(table, 'td').filter((cell) => isOfClass(cell, 'differs')),
  );
  expect(cells.map(({ length }) => length)).toEqual([0, 1]);
});
