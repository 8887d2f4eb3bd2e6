import {
  type Cell,
  type ComparedCell,
  compareWithStage1Table,
  resultRow,
  type Stage1Variant,
  stage1Table,
  stage1Things,
  type TableRow,
  type TableSection,
} from 'poc-kit';
import { type Html, html } from './html.js';
import type { ReportedStage } from './report-input.js';

/** The stage of each column. */
const stageOf: Record<Stage1Variant, string> = { event: '1-event', port: '1-iocp' };
const variants: readonly Stage1Variant[] = ['event', 'port'];

/** The values of one run for each cell, or the reason why there are none. */
type Column = ReadonlyMap<string, ComparedCell> | string;

const key = (section: string, name: string) => `${section}\n${name}`;

function columnOf(results: readonly ReportedStage[], variant: Stage1Variant): Column {
  const result = results.find(({ stage }) => stage === stageOf[variant]);
  if (result === undefined) return 'not run';
  if (result.trace === undefined) return 'no trace';
  const cells = compareWithStage1Table(result.trace.trace.records, variant);
  return new Map(cells.map((cell) => [key(cell.section, cell.name), cell]));
}

const planText = (cell: Cell) => (typeof cell === 'string' ? cell : stage1Things[cell.thing].words);

/** Text that may be broken between the parts of compound names. */
const breakable = (text: string): Html[] =>
  text.split('|').map((part, index) => (index === 0 ? html`${part}` : html`|<wbr>${part}`));

/**
 * A cell of the plan and the observed value. A difference is marked by words, not only by a colour.
 */
function cellPair(section: string, row: TableRow, variant: Stage1Variant, column: Column): Html {
  const plan = row[variant];
  if (plan === undefined) return html`<td class="none">\u2013</td><td class="none">\u2013</td>`;
  const other = row[variant === 'event' ? 'port' : 'event'];
  const isOther = other !== undefined && planText(other) !== planText(plan);
  const text = planText(plan);
  const words = breakable(text);
  const planCell = html`<td>${isOther ? html`<strong>${words}</strong>` : words}</td>`;
  if (typeof column === 'string') return html`${planCell}<td class="none">${column}</td>`;
  const cell = column.get(key(section, row.name));
  const seen = cell?.seen ?? 'nothing';
  if (cell?.ok) return html`${planCell}<td class="kept">${breakable(seen)}</td>`;
  const wanted = cell !== undefined && cell.expected !== text ? `, not ${cell.expected}` : '';
  return html`${planCell}<td class="differs"><b>differs:</b> ${breakable(seen)}${wanted}</td>`;
}

function sectionRows(section: TableSection, columns: Record<Stage1Variant, Column>): Html {
  const { title, rows } = section;
  const call = (variant: Stage1Variant) => section[variant] ?? '\u2013';
  return html`<tbody><tr class="group"><th scope="rowgroup">${title}</th>
<td colspan="2">${call('event')}</td><td colspan="2">${call('port')}</td></tr>
${rows.map(
  (row) => html`<tr><th scope="row">${row.name === resultRow ? 'result' : row.name}</th>
${variants.map((variant) => cellPair(title, row, variant, columns[variant]))}</tr>
`,
)}</tbody>
`;
}

/** The number of different cells in both columns. */
function countDifferences(columns: readonly Column[]): number {
  const cells = columns.flatMap((column) =>
    typeof column === 'string' ? [] : [...column.values()],
  );
  return cells.filter(({ ok }) => !ok).length;
}

/** Summarises the table in one sentence. */
function sentence(columns: readonly Column[]): string {
  const seen = columns.filter((column) => typeof column !== 'string').length;
  if (seen === 0) return 'No trace was recorded, so nothing is compared.';
  const differences = countDifferences(columns);
  const which = seen === 1 ? 'Every cell of the recorded variant' : 'Every recorded cell';
  if (differences === 0) return `${which} equals the plan.`;
  return `${differences} ${differences === 1 ? 'cell differs' : 'cells differ'} from the plan.`;
}

/**
 * The parameter table of stage 1 for one build: for both variants the plan and the values of a
 * trace.
 */
export function parameterTable(
  results: readonly ReportedStage[],
  build: string,
  isLast: boolean,
): Html {
  const own = results.filter((result) => result.build === build);
  const columns = { event: columnOf(own, 'event'), port: columnOf(own, 'port') };
  const isOpen = isLast || countDifferences(Object.values(columns)) > 0;
  return html`<details class="result"${isOpen ? html` open` : undefined}>
<summary><h3>${build} build</h3> ${sentence(Object.values(columns))}</summary>
<div class="scroll" role="region" tabindex="0" aria-label="Parameter table, ${build} build">
<table class="parameters"><caption>Stage 1, ${build} build</caption>
<colgroup><col><col span="2"><col span="2"></colgroup>
<thead><tr><th rowspan="2" scope="col">parameter, field or result</th>
<th colspan="2" scope="colgroup">event (${stageOf.event})</th>
<th colspan="2" scope="colgroup">completion port (${stageOf.port})</th></tr>
<tr><th scope="col">plan</th><th scope="col">seen</th><th scope="col">plan</th>
<th scope="col">seen</th></tr></thead>
${stage1Table.map((section) => sectionRows(section, columns))}</table></div></details>
`;
}

/** True for the stages in this table. */
export const isStage1 = ({ stage }: ReportedStage) => Object.values(stageOf).includes(stage);
