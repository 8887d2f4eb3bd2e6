import { type CallRecord, type PacketRecord, type TraceRecord, timeoutText } from 'nt-trace';
import type { FunctionName } from 'ntdllx/trace';

// The parameter table of stage 1, from the owner's plan, with the calls before and after the
// request. Tests compare kb/PLAN-STAGE1-IOCP.md and the stages' traces with this table; the report
// prints it.

/** The two variants of stage 1: AFD sets an event, or posts a packet to a port. */
export type Stage1Variant = 'event' | 'port';

/** Values that differ between runs but are equal in all cells of one run. */
export const stage1Things = {
  listener: { is: /^socket#\d+$/, words: 'the listener\u2019s base handle' },
  event: { is: /^event#\d+$/, words: 'the event' },
  port: { is: /^port#\d+$/, words: 'the port' },
  iosb: { is: /^&iosb#\d+$/, words: 'address of the IO_STATUS_BLOCK' },
  info: { is: /^&info#\d+$/, words: 'address of the AFD_POLL_INFO' },
  entry: { is: /^&0x[0-9a-f]+$/, words: 'address of a FILE_IO_COMPLETION_INFORMATION' },
  time: { is: /^(&\{[\d.]+ ms\}|\d+)$/, words: 'at most 10 s' },
} as const;

type Thing = keyof typeof stage1Things;

/**
 * The content of a cell: a value in the form of a trace, or a reference to one of
 * {@link stage1Things}.
 */
export type Cell = string | { readonly thing: Thing };

/** A parameter, a field or a result in both variants; absent if the variant has none. */
export interface TableRow {
  readonly name: string;
  readonly event?: Cell;
  readonly port?: Cell;
}

/** A call of each variant, or its output, side by side. */
export interface TableSection {
  readonly title: string;
  readonly event?: FunctionName | 'packet';
  readonly port?: FunctionName | 'packet';
  readonly rows: readonly TableRow[];
}

const listener: Cell = { thing: 'listener' };
const iosb: Cell = { thing: 'iosb' };
const info: Cell = { thing: 'info' };
const event: Cell = { thing: 'event' };
const port: Cell = { thing: 'port' };
const both = (name: string, cell: Cell): TableRow => ({ name, event: cell, port: cell });
const ofPort = (name: string, cell: Cell): TableRow => ({ name, port: cell });
const ofEvent = (name: string, cell: Cell): TableRow => ({ name, event: cell });

/** The row with the result of a call. */
export const resultRow = '= result';

/** The table. */
export const stage1Table: readonly TableSection[] = [
  {
    title: 'The wait',
    event: 'CreateEventA',
    port: 'CreateIoCompletionPort',
    rows: [
      ofEvent('lpEventAttributes', 'null'),
      ofEvent('bManualReset', '1'),
      ofEvent('bInitialState', '0'),
      ofEvent('lpName', 'null'),
      ofPort('FileHandle', listener),
      ofPort('ExistingCompletionPort', port),
      ofPort('CompletionKey', '0x0'),
      ofPort('NumberOfConcurrentThreads', '0'),
      { name: resultRow, event, port },
    ],
  },
  {
    title: 'The request',
    event: 'NtDeviceIoControlFile',
    port: 'NtDeviceIoControlFile',
    rows: [
      both('FileHandle', listener),
      { name: 'Event', event, port: 'null' },
      both('ApcRoutine', 'null'),
      { name: 'ApcContext', event: 'null', port: iosb },
      both('IoStatusBlock', iosb),
      both('IoControlCode', 'IOCTL_AFD_POLL'),
      both('InputBuffer', info),
      both('InputBufferLength', '32'),
      both('OutputBuffer', info),
      both('OutputBufferLength', '32'),
      both('Timeout', 'never'),
      both('NumberOfHandles', '1'),
      both('Exclusive', '0'),
      both('Handles[0].Handle', listener),
      both('Handles[0].Events', 'DISCONNECT|ABORT|LOCAL_CLOSE|ACCEPT|CONNECT_FAIL'),
      both(resultRow, 'STATUS_PENDING'),
    ],
  },
  {
    title: 'The wait',
    event: 'WaitForSingleObject',
    port: 'NtRemoveIoCompletionEx',
    rows: [
      ofEvent('hHandle', event),
      ofEvent('dwMilliseconds', { thing: 'time' }),
      ofPort('IoCompletionHandle', port),
      ofPort('IoCompletionInformation', { thing: 'entry' }),
      ofPort('Count', '1'),
      ofPort('NumEntriesRemoved', '&{1}'),
      ofPort('Timeout', { thing: 'time' }),
      ofPort('Alertable', '0'),
      { name: resultRow, event: 'WAIT_OBJECT_0', port: 'STATUS_SUCCESS' },
    ],
  },
  {
    title: 'The packet',
    port: 'packet',
    rows: [
      ofPort('KeyContext', '0x0'),
      ofPort('ApcContext', iosb),
      ofPort('Status', 'STATUS_SUCCESS'),
      ofPort('Information', '32'),
      ofPort('NumberOfHandles', '1'),
      ofPort('Handles[0].Handle', listener),
      ofPort('Handles[0].Events', 'ACCEPT'),
    ],
  },
];

/** A cell of the table, and the value of a trace at this place. */
export interface ComparedCell {
  readonly section: string;
  readonly name: string;
  /**
   * The expected value of a cell: a literal, or the value that the same thing had in earlier cells.
   * If the thing has not occurred yet, its description.
   */
  readonly expected: string;
  readonly seen: string;
  readonly ok: boolean;
}

const notThere = 'nothing';

function pollFields(info: CallRecord['poll']): [string, string][] {
  const [socket] = info?.sockets ?? [];
  if (info === undefined) return [];
  return [
    ['Timeout', timeoutText(info.timeout100ns)],
    ['NumberOfHandles', String(info.numberOfHandles)],
    ['Exclusive', String(info.exclusive)],
    ['Handles[0].Handle', socket?.socket ?? notThere],
    ['Handles[0].Events', socket?.events.join('|') ?? notThere],
  ];
}

/** The values of a record, by the names of the table's rows. */
function cellsOf(record: TraceRecord | undefined): ReadonlyMap<string, string> {
  if (record === undefined) return new Map();
  if (record.kind === 'packet') {
    const own = record.fields.map(({ name, text }): [string, string] => [name, text]);
    return new Map([...own, ...pollFields(record.answer)]);
  }
  const args = record.args.map(({ name, text }): [string, string] => {
    // The contents of a buffer have their own rows.
    return [name, name.endsWith('Buffer') ? (text.split(' ')[0] ?? '') : text];
  });
  return new Map([...args, ...pollFields(record.poll), [resultRow, record.result.text]]);
}

function find(
  records: readonly TraceRecord[],
  section: TableSection,
  variant: Stage1Variant,
): TraceRecord | undefined {
  const name = section[variant];
  if (name === 'packet')
    return records.find((record): record is PacketRecord => record.kind === 'packet');
  const calls = records.filter(
    (record): record is CallRecord => record.kind === 'call' && record.function === name,
  );
  const result = section.rows.find((row) => row.name === resultRow)?.[variant];
  // If there are several waits, the one with the result in the table.
  return calls.find((call) => call.result.text === result) ?? calls[0];
}

/**
 * Compares a trace of stage 1 with the table, cell by cell. A thing must have the expected kind
 * and the same value in every cell: `ApcContext` must be the `IoStatusBlock` of the same call.
 */
export function compareWithStage1Table(
  records: readonly TraceRecord[],
  variant: Stage1Variant,
): ComparedCell[] {
  const known = new Map<Thing, string>();
  return stage1Table.flatMap((section) => {
    if (section[variant] === undefined) return [];
    const cells = cellsOf(find(records, section, variant));
    return section.rows.flatMap(({ name, [variant]: cell }): ComparedCell[] => {
      if (cell === undefined) return [];
      const seen = cells.get(name) ?? notThere;
      const place = { section: section.title, name, seen };
      if (typeof cell === 'string') return [{ ...place, expected: cell, ok: seen === cell }];
      const { is, words } = stage1Things[cell.thing];
      const expected = known.get(cell.thing) ?? words;
      const ok = is.test(seen) && (expected === words || expected === seen);
      // Times differ between waits.
      if (ok && cell.thing !== 'time') known.set(cell.thing, seen);
      return [{ ...place, expected, ok }];
    });
  });
}
