import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Item } from 'winnode';
import { winnode } from './cli.js';
import { probeOf, probeProject } from './probe-project.js';

// On Windows winnode does not use Wine: Windows Node is the Node that runs this test.

const scratch = mkdtempSync(join(tmpdir(), 'winnode doctor '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const cwd = probeProject(scratch, 'project', probeOf('yield good;'));

test('doctor on Windows does not check Wine', async () => {
  const { code, stdout } = await winnode(['doctor', '--json'], { cwd });
  const { ok, items } = JSON.parse(stdout) as { ok: boolean; items: Item[] };
  expect(items.map(({ name }) => name)).toEqual([
    'host',
    'Windows Node',
    'a run in Windows Node',
    'first',
  ]);
  expect(items.find(({ name }) => name === 'Windows Node')).toMatchObject({
    version: process.versions.node,
    detail: process.execPath,
  });
  expect({ ok, code }).toEqual({ ok: true, code: 0 });
});

test('doctor on Windows prints a line for each item', async () => {
  const { stdout } = await winnode(['doctor'], { cwd });
  expect(stdout).toMatch(/^ok {10}host +.+win32 /m);
});
