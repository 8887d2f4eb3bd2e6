import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { prototypes } from 'ntdllx/trace';
import { type Cell, compareWithStage1Table, stage1Table, stage1Things } from 'poc-kit';
import { expect, test } from 'vitest';

const plan = resolve(import.meta.dirname, '../../../kb/PLAN-STAGE1-IOCP.md');
const request = stage1Table.find(({ port }) => port === 'NtDeviceIoControlFile');

test('the request has every parameter of NtDeviceIoControlFile, in order', () => {
  const parameters = prototypes.NtDeviceIoControlFile.params.map(([name]) => name);
  expect(request?.rows.slice(0, parameters.length).map(({ name }) => name)).toEqual(parameters);
});

test('the table of the plan in kb equals this table', () => {
  const words = (cell: Cell | undefined) => {
    if (typeof cell === 'object') return stage1Things[cell.thing].words.replace('\u2019', "'");
    return cell === 'null' ? '0' : cell;
  };
  const rows = request?.rows.slice(0, prototypes.NtDeviceIoControlFile.params.length) ?? [];
  const written = rows.map(
    ({ name, event, port }) => `| ${name} | ${words(event)} | ${words(port)} |`,
  );
  const text = readFileSync(plan, 'utf8').replaceAll('**', '');
  expect(text).toContain(`\n${written.join('\n')}\n`);
});

test('an empty trace has no value for any cell', () => {
  const cells = compareWithStage1Table([], 'port');
  expect(cells.length).toBeGreaterThan(30);
  expect(cells.filter(({ ok }) => ok)).toEqual([]);
});
