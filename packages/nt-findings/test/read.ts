import type { FindingsReport } from 'nt-findings';
import { expect } from 'vitest';

/**
 * The verdict of each finding.
 *
 * @throws if the host could not be determined
 */
export function verdicts({ findings, problem }: FindingsReport): Record<string, string> {
  if (problem !== null) throw new Error(problem.message);
  return Object.fromEntries(findings.map(({ id, verdict }) => [id, verdict]));
}

/**
 * The cells of each row of a table; throws if a row has more or fewer cells than its neighbours.
 */
export function rowsOf(markdown: string): string[][] {
  const rows = markdown.split('\n').filter((line) => line.startsWith('|'));
  return rows.map((line) => {
    expect(line).toMatch(/^\| .+ \|$|^\|(---\|)+$/);
    return line.slice(2, -2).split(/ (?<!\\)\| /);
  });
}
