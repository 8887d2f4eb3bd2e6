import type { Expectation, Finding } from './finding.js';
import { type HostKind, hostOf } from './host.js';
import { expectedOn, isNotRun } from './probe-finding.js';
import type { ObservedFinding, ObservedKernel } from './record.js';

/*
 * kb/FINDINGS.md: the claim of each finding, the observations on each kernel, and the citations
 * for Windows.
 */

const head = `# Findings

<!-- Made from the probes of packages/nt-findings and its directory observed, by:
     npx nt-findings page kb/FINDINGS.md -->

Observed behaviours of AFD and Winsock. Each finding is a probe: it makes real calls on loopback, and compares the
observed facts with the expected ones. \`npx nt-findings probe F06\` runs one probe. A test with the same number checks
it, too: \`pnpm --filter nt-findings test:release -t F06\`. The design: [D14](decisions/D14-findings-are-probes.md).

Each column shows the facts of one kernel, which \`npx nt-findings probe --record\` recorded. A value in bold differs
from the expectation. *silent* means that the poll did not complete. *block* is what the kernel wrote to the
memory of the request: for example SEND, the event bits of the socket. The last column is cited from the sources below
the table, and was not verified on Windows; *unspecified* means that no source states a value.
`;

interface Column {
  readonly observed: ObservedKernel;
  readonly kind: HostKind;
}

/**
 * Makes the page.
 *
 * @param kernels the recorded observations, in the order of the columns
 */
export function findingsPage(
  findings: readonly Finding[],
  kernels: readonly ObservedKernel[],
): string {
  const columns = kernels.map((observed) => ({ observed, kind: kindOf(observed) }));
  const parts = [head, kernelTable(findings, columns)];
  return [...parts, ...findings.map((finding) => section(finding, columns))].join('\n');
}

const kindOf = ({ kernel }: ObservedKernel): HostKind => {
  const [, wine] = /^Wine (.+)$/.exec(kernel) ?? [];
  return hostOf(wine, kernel).kind;
};

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
const row = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |\n`;
const table = (names: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(names), `|${'---|'.repeat(names.length)}\n`, ...rows.map(row)].join('');

function kernelTable(findings: readonly Finding[], columns: readonly Column[]): string {
  const rows = columns.map((column) => {
    const { host, windowsNode, date } = column.observed;
    const others = findings.filter((finding) => !isAsExpected(finding, column)).map(({ id }) => id);
    const count = `${findings.length - others.length} of ${findings.length}`;
    return [host, windowsNode, date, count, others.join(', ') || 'none'];
  });
  return table(['host', 'Windows Node', 'date', 'as expected', 'not as expected'], rows);
}

/** True if the record of a kernel has all facts of a finding, and all are as expected. */
function isAsExpected({ id, expected }: Finding, { observed, kind }: Column): boolean {
  const { seen, trouble } = observed.findings[id] ?? { seen: {}, trouble: 'not recorded' };
  if (trouble !== undefined) return false;
  return Object.entries(expected).every(([name, expectation]) => {
    const value = seen[name];
    return isNotRun(expectation) || (value !== undefined && isExpected(value, expectation, kind));
  });
}

/** True if a value is expected on a kernel, or unspecified. */
function isExpected(value: string, expectation: Expectation, kind: HostKind): boolean {
  if (isNotRun(expectation)) return false;
  const known = expectedOn(kind, expectation);
  return known.length === 0 || known.includes(value);
}

function section({ id, title, claim, cited, expected }: Finding, columns: readonly Column[]) {
  const rows = Object.entries(expected).map(([name, expectation]) => {
    if (isNotRun(expectation)) return [name, ...columns.map(() => 'not run'), 'not run'];
    const seen = columns.map(({ observed, kind }) => {
      return seenText(observed.findings[id], name, expectation, kind);
    });
    return [name, ...seen, expectedOn('windows', expectation).join(' or ') || '*unspecified*'];
  });
  const names = ['fact', ...columns.map(({ observed }) => observed.kernel), 'Windows, cited'];
  const reasons = Object.entries(expected).flatMap(([name, expectation]) =>
    isNotRun(expectation) ? [`Not run, ${name}: ${expectation.notRun}.\n`] : [],
  );
  const troubles = columns.flatMap(({ observed: { kernel, findings } }) => {
    const { trouble } = findings[id] ?? {};
    return trouble === undefined ? [] : [`${kernel} ${trouble}.\n`];
  });
  const sources = `Sources for Windows: ${cited.join('; ')}.\n`;
  const texts = [`${claim}\n`, table(names, rows), ...reasons, ...troubles, sources];
  return `## ${id} ${title}\n\n${texts.join('\n')}`;
}

function seenText(
  finding: ObservedFinding | undefined,
  name: string,
  expectation: Expectation,
  kind: HostKind,
): string {
  const value = finding?.seen[name];
  if (value === undefined) return '*not seen*';
  return isExpected(value, expectation, kind) ? value : `**${value}**`;
}
