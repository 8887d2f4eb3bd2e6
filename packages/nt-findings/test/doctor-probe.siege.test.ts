import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeHost, isConfirmed, probeFindings } from 'winnode';
import { findingsMarkdown } from 'winnode/internal';

// A process for each finding: their number makes it long.

const root = join(import.meta.dirname, '../../..');
const host = describeHost();
const pages = readdirSync(join(root, 'kb', 'findings')).map((name) => name.slice(0, 3));

test.skipIf(host.kind === 'none')(
  `every finding of kb holds on this host, by winnode doctor --probe ${host.reason}`,
  { timeout: 120_000 },
  async () => {
    const report = await probeFindings({ cwd: root });
    const verdicts = report.findings.map(({ id, verdict }) => [id, verdict]);
    expect(verdicts).toEqual(pages.map((id) => [id, 'holds']));
    for (const { id, facts, detail } of report.findings) {
      expect(facts.length, id).toBeGreaterThan(0);
      expect(detail, id).toBe('');
    }
    expect(isConfirmed(report)).toBe(true);
    // F19 names what is never done, and why.
    const left = report.findings.flatMap(({ id, facts }) =>
      facts.filter(({ notRun }) => notRun !== '').map(({ notRun }) => [id, notRun]),
    );
    expect(left).toEqual([['F19', expect.stringContaining('wineserver')]]);

    const lines = findingsMarkdown(report)
      .split('\n')
      .filter((line) => line.startsWith('|'));
    const { name = '', kernel = '', windowsNode = '' } = report.host ?? {};
    const count = `${pages.length} of ${pages.length}`;
    const all = `| ${name} | ${windowsNode} | ${report.date} | ${count} | none | F19 `;
    expect(lines[2]?.startsWith(all), lines[2]).toBe(true);
    const said = (id: string) =>
      id === 'F19' ? 'holds; not run: of a handle of AFD itself' : 'holds';
    expect(lines.slice(3)).toEqual(
      pages.map((id) => `| ${kernel} | ${said(id)} | ${report.date} |`),
    );
    if (host.kind === 'wine') expect(kernel).toBe(`Wine ${/\d+\.\d+/.exec(host.wine)?.[0]}`);
  },
);
