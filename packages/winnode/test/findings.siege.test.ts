import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isConfirmed, probeFindings } from 'winnode';
import { findingsMarkdown } from 'winnode/internal';
import { host, winnode } from './cli.js';
import { findingsProject, madeUpFindings, root } from './findings-project.js';
import { read, rowsOf, verdicts } from './findings-read.js';
import {
  cacheEnvironment,
  copyPrefix,
  makeCache,
  prefixIn,
  programsOf,
  removeCache,
  serverOf,
} from './prefixes.js';

// A process for each finding: their number alone makes it long. And what real clocks judge.

const scratch = mkdtempSync(join(tmpdir(), 'winnode findings '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const project = (name: string, text?: string) => findingsProject(scratch, name, text);

const pages = readdirSync(join(root, 'kb', 'findings')).map((name) => name.slice(0, 3));

describe.skipIf(host.kind === 'none')(`winnode doctor --probe ${host.reason}`, () => {
  test('every finding of kb holds on this host, from the top of the repository', {
    timeout: 120_000,
  }, async () => {
    const { code, stdout, stderr } = await winnode(['doctor', '--probe', '--json'], { cwd: root });
    expect(stderr).toBe('');
    const report = read(stdout);
    expect(verdicts(report)).toEqual(Object.fromEntries(pages.map((id) => [id, 'holds'])));
    for (const { id, facts, detail } of report.findings) {
      expect(facts.length, id).toBeGreaterThan(0);
      expect(detail).toBe('');
    }
    expect({ ok: report.ok, problem: report.problem, code }).toEqual({
      ok: true,
      problem: null,
      code: 0,
    });
    // F19 names what is never done, and why.
    const left = report.findings.flatMap(({ id, facts }) =>
      facts.filter(({ notRun }) => notRun !== '').map(({ notRun }) => [id, notRun]),
    );
    expect(left).toEqual([['F19', expect.stringContaining('wineserver')]]);

    const rows = rowsOf(findingsMarkdown(report));
    const { name = '', kernel = '' } = report.host ?? {};
    expect(rows.slice(0, 3)).toEqual([
      ['host', 'Windows Node', 'date', 'hold', 'do not', 'not run'],
      [expect.stringContaining('---')],
      [
        name,
        host.windowsNode,
        report.date,
        `${pages.length} of ${pages.length}`,
        'none',
        expect.any(String),
      ],
    ]);
    const said = (id: string) =>
      id === 'F19' ? 'holds; not run: of a handle of AFD itself' : 'holds';
    expect(rows.slice(3)).toEqual(pages.map((id) => [kernel, said(id), report.date]));
    expect(report.date).toMatch(/^\d{4}-\d\d-\d\d$/);
    if (host.kind === 'wine') expect(kernel).toBe(`Wine ${/\d+\.\d+/.exec(host.wine)?.[0]}`);
  });

  test('one that hangs loses its row, and the next one is looked at', {
    timeout: 60_000,
  }, async () => {
    const bodies = {
      F01: 'yield ok; setInterval(() => {}, 1_000); await new Promise(() => {});',
      F02: 'yield ok;',
    };
    const cwd = project('hanging', madeUpFindings(bodies));
    const report = await probeFindings({ cwd, limitMs: 10_000 });
    expect(report.findings).toMatchObject([
      { verdict: 'no answer', detail: 'nothing within 10 s, after "first"', facts: [{}] },
      { verdict: 'holds' },
    ]);
    expect(isConfirmed(report)).toBe(false);
  });
});

test.skipIf(host.kind !== 'wine')(
  'one under which the wineserver dies loses its row, and the next one has a new wineserver',
  { timeout: 120_000 },
  async () => {
    // In a prefix of its own, whose wineserver nobody else uses.
    const cache = makeCache();
    try {
      const prefix = prefixIn(cache);
      await copyPrefix(prefix);
      const hang = 'yield ok; await new Promise((done) => setTimeout(done, 60_000));';
      const bodies = { F01: 'yield ok;', F02: hang, F03: 'yield ok;' };
      // While F02 is loaded: one that runs already waits for ever. Ended before F02 has found its
      // wineserver, it starts another one, which is ended as well.
      let isOver = false;
      const endServers = async () => {
        while (!isOver) {
          const server = programsOf(cache).length > 0 ? serverOf(prefix) : undefined;
          if (server !== undefined) process.kill(server, 'SIGKILL');
          await new Promise((done) => setTimeout(done, 10));
        }
      };
      let ending: Promise<void> | undefined;
      const report = await probeFindings({
        cwd: project('server dies', madeUpFindings(bodies)),
        env: cacheEnvironment(cache),
        onFinding: ({ id }) => {
          if (id === 'F01') ending = endServers();
          isOver ||= id === 'F02';
        },
      });
      await ending;
      expect(verdicts(report)).toEqual({ F01: 'holds', F02: 'crashed', F03: 'holds' });
      expect(isConfirmed(report)).toBe(false);
    } finally {
      removeCache(cache);
    }
  },
);
