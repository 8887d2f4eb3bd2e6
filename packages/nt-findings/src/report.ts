import { packageVersion } from './package.js';
import type { Fact } from './probe-finding.js';
import type { FindingRow, FindingsReport, ProbedHost } from './probe-findings.js';
import { type FindingVerdict, isAsExpected, isUncited } from './verdict.js';

/** True for a verdict that makes the command fail. */
const isFailure = (verdict: FindingVerdict) => !['holds', 'unknown', 'not run'].includes(verdict);

/** True if something was observed and everything is as expected. */
export function isConfirmed({ problem, findings }: FindingsReport): boolean {
  return (
    problem === null &&
    findings.some(({ verdict }) => verdict === 'holds') &&
    findings.every(({ verdict }) => !isFailure(verdict))
  );
}

const widths = { fact: 40, expected: 44 } as const;
const orText = (expected: readonly string[]) => expected.join(' or ');

/** The line above the rows. */
export const tableHead = `${'finding'.padEnd(widths.fact)}  ${'expected'.padEnd(widths.expected)}  seen\n`;

/** Formats a finding for a terminal: a line with its verdict, then a line for each fact. */
export function printedFinding({ id, title, verdict, detail, facts }: FindingRow): string {
  const head = `${id} ${title}: ${verdict}${detail === '' ? '' : `: ${detail}`}`;
  return `${[head, ...facts.map(factLine)].join('\n')}\n`;
}

function factLine(fact: Fact): string {
  const { name, expected, seen, notRun } = fact;
  const mark = isAsExpected(fact) ? '    ' : ' != ';
  const left = `${mark}${name}`.padEnd(widths.fact);
  if (notRun !== '') return `${left}  not run here: ${notRun}`;
  return `${left}  ${(orText(expected) || 'unspecified').padEnd(widths.expected)}  ${seen}`;
}

/** Formats the lines below the rows: the host, how many findings hold, and which ones do not. */
export function printedSummary(report: FindingsReport): string {
  const { host, problem, findings, date } = report;
  const trouble = problem === null ? [] : [problem.message, problem.hint];
  if (host === null) return `${trouble.join('\n')}\n`;
  const hold = findings.filter(({ verdict }) => verdict === 'holds').length;
  const others = findings
    .filter(({ verdict }) => verdict !== 'holds')
    .map((row) => `${row.id} ${row.verdict}: ${differences(row, host) || uncited(row)}`);
  const left = notRunIn(findings);
  const lines = [
    '',
    `${host.name}; Windows Node ${host.windowsNode}; ${date}`,
    `${hold} of ${findings.length} findings hold. Expectations: ${host.basis}.`,
    ...others,
    ...(left === '' ? [] : [`Not run here: ${left}`]),
    ...trouble,
  ];
  return `${lines.join('\n')}\n`;
}

/** Describes how the facts differ from the expectations, or why the probe did not complete. */
function differences({ detail, facts }: FindingRow, { isSeen }: ProbedHost): string {
  const what = isSeen ? 'expected' : 'expected (from sources)';
  const list = facts
    .filter((fact) => !isAsExpected(fact))
    .map(({ name, expected, seen }) => `${name}: ${what} ${orText(expected)}, seen ${seen}`);
  return [detail, ...list].filter(Boolean).join('; ');
}

/** Lists the observations without a citation. */
function uncited({ facts }: FindingRow): string {
  const seen = facts.filter(isUncited).map(({ name, seen }) => `${name}: ${seen}`);
  return seen.length === 0 ? '' : `unspecified: ${seen.join(', ')}`;
}

function notRunIn(findings: readonly FindingRow[]): string {
  return findings
    .flatMap(({ id, facts }) =>
      facts.filter(({ notRun }) => notRun !== '').map(({ name }) => `${id} ${name}`),
    )
    .join(', ');
}

/** Formats the whole report as one JSON document. */
export function findingsJson(report: FindingsReport): string {
  const findings = report.findings.map((row) => ({
    ...row,
    facts: row.facts.map((fact) => ({ ...fact, isAsExpected: isAsExpected(fact) })),
  }));
  const whole = { ntFindings: packageVersion(), ok: isConfirmed(report), ...report, findings };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ') || 'none';
const row = (...cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;

/** Formats a row to paste into kb/HOSTS.md, and a table of the findings. */
export function findingsMarkdown(report: FindingsReport): string {
  const { host, findings, date, problem } = report;
  const trouble = problem === null ? [] : [`<!-- ${problem.message} -->`, ''];
  if (host === null) return `${trouble.join('\n')}\n`;
  const ids = (list: readonly FindingRow[]) => list.map(({ id }) => id).join(', ');
  const hold = findings.filter(({ verdict }) => verdict === 'holds');
  const failures = findings.filter(({ verdict }) => isFailure(verdict));
  const held = `${hold.length} of ${findings.length}`;
  const table = [
    '<!-- kb/HOSTS.md, Findings -->',
    '',
    '| host | Windows Node | date | hold | differ | not run |',
    '|---|---|---|---|---|---|',
    row(host.name, host.windowsNode, date, held, ids(failures), notRunIn(findings)),
    '',
  ];
  // A row of kb/HOSTS.md stands for a run of all findings.
  const lines = [...trouble, ...(report.isWhole ? table : [])];
  lines.push(row('finding', host.kernel), '|---|---|');
  for (const each of findings) {
    const { id, title, verdict } = each;
    const why = verdict === 'holds' ? '' : differences(each, host);
    const more = [why, uncited(each)].filter(Boolean).join('; ');
    const left = each.facts.filter(({ notRun }) => notRun !== '').map(({ name }) => name);
    const rest = left.length === 0 ? '' : `; not run: ${left.join(', ')}`;
    lines.push(row(`${id} ${title}`, `${verdict}${more === '' ? '' : `: ${more}`}${rest}`));
  }
  return `${lines.join('\n')}\n`;
}
