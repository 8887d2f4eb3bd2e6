import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findings, isConfirmed, probeFindings } from 'nt-findings';
import {
  findingsMarkdown,
  type ObservedKernel,
  observedDirectory,
  record,
} from 'nt-findings/internal';
import { afterAll, expect, test } from 'vitest';
import { describeHost } from 'winnode';

// This test is long because each finding has a process of its own.

const host = describeHost();
const scratch = mkdtempSync(join(tmpdir(), 'nt findings '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const ids = findings.map(({ id }) => id);

test.skipIf(host.kind === 'none')(
  `every finding holds on this host, and its facts equal the record of the kernel ${host.reason}`,
  { timeout: 120_000 },
  async () => {
    const report = await probeFindings();
    expect(report.findings.map(({ id, verdict }) => [id, verdict])).toEqual(
      ids.map((id) => [id, 'holds']),
    );
    for (const { id, facts, detail } of report.findings) {
      expect(facts.length, id).toBeGreaterThan(0);
      expect(detail, id).toBe('');
    }
    expect(isConfirmed(report)).toBe(true);
    // F19 names the facts that are never tried, and the reason.
    const left = report.findings.flatMap(({ id, facts }) =>
      facts.filter(({ notRun }) => notRun !== '').map(({ notRun }) => [id, notRun]),
    );
    expect(left).toEqual([['F19', expect.stringContaining('wineserver')]]);

    const lines = findingsMarkdown(report)
      .split('\n')
      .filter((line) => line.startsWith('|'));
    const { name = '', kernel = '', windowsNode = '', observed = '' } = report.host ?? {};
    const count = `${ids.length} of ${ids.length}`;
    const all = `| ${name} | ${windowsNode} | ${report.date} | ${count} | none | F19 `;
    expect(lines[2]?.startsWith(all), lines[2]).toBe(true);
    const said = (id: string) =>
      id === 'F19' ? 'holds; not run: of a handle of AFD itself' : 'holds';
    expect(lines.slice(3)).toEqual([
      `| finding | ${kernel} |`,
      '|---|---|',
      ...findings.map(({ id, title }) => `| ${id} ${title} | ${said(id)} |`),
    ]);
    if (host.kind === 'wine') expect(kernel).toBe(`Wine ${/\d+\.\d+/.exec(host.wine)?.[0]}`);

    const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as ObservedKernel;
    const now = read(record(report, scratch));
    expect(now).toMatchObject({ kernel, windowsNode, date: report.date });
    const before = read(join(observedDirectory(), `${observed}.json`));
    // If several values are expected, the next run may observe another one of them.
    for (const { id, facts } of report.findings) {
      for (const { name, expected, notRun } of facts) {
        if (notRun !== '' || expected.length !== 1) continue;
        expect(now.findings[id]?.seen[name], `${id} ${name}`).toBe(before.findings[id]?.seen[name]);
      }
    }
  },
);
