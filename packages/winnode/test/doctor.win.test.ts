import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FindingsReport, type Item, probeFindings } from 'winnode';
import { winnode } from './cli.js';
import { findingsProject, madeUpFindings } from './findings-project.js';

const root = join(import.meta.dirname, '../../..');

// The branch for Windows itself: no Wine is looked for, and Windows Node is the one that runs.

test('doctor on Windows looks at no Wine', async () => {
  const { code, stdout } = await winnode(['doctor', '--json'], { cwd: root });
  const { ok, items } = JSON.parse(stdout) as { ok: boolean; items: Item[] };
  expect(items.map(({ name }) => name).slice(0, 5)).toEqual([
    'host',
    'Windows Node',
    'koffi',
    'AFD',
    'AF_UNIX',
  ]);
  expect(items.find(({ name }) => name === 'Windows Node')).toMatchObject({
    version: process.versions.node,
    detail: process.execPath,
  });
  expect({ ok, code }).toEqual({ ok: true, code: 0 });
});

test('doctor on Windows prints lines', async () => {
  const { stdout } = await winnode(['doctor'], { cwd: root });
  expect(stdout).toMatch(/^ok {10}host +.+win32 /m);
});

test('doctor --probe on Windows looks at each finding', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'winnode findings '));
  try {
    const cwd = findingsProject(
      scratch,
      'two',
      madeUpFindings({ F01: 'yield ok;', F02: 'yield ok;' }),
    );
    const { findings }: FindingsReport = await probeFindings({ cwd });
    expect(findings.map(({ verdict }) => verdict)).toEqual(['holds', 'holds']);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
