import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runWindowsNode } from 'winnode';
import { host, start, winnode } from './cli.js';

// Further scripts in Windows Node. Each starts a process; winnode.test.ts has one of each kind.

const scratch = mkdtempSync(join(tmpdir(), 'winnode test '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.skipIf(host.kind === 'none')(`a script in Windows Node ${host.reason}`, () => {
  test('winnode exits with the exit code 7 of the script', async () => {
    const { code } = await winnode(['-e', 'process.exit(7)']);
    expect(code).toBe(7);
  });

  test.each([
    'process.removeAllListeners()',
    'process.emit = () => false',
    'const old = process.emit; process.emit = (...args) => old.apply(process, args); process.emit = old',
  ])('winnode detects the end of a script that removed all exit listeners: %s', async (source) => {
    const { exitCode, crash } = await runWindowsNode(['-e', source], { stdio: 'inherit' });
    expect({ exitCode, crash }).toEqual({ exitCode: 0, crash: undefined });
  });

  test('Node reports a missing script, and winnode exits with 1', async () => {
    const { code, stderr } = await winnode([join(scratch, 'no-such.mjs')]);
    expect(stderr).toContain('Cannot find module');
    expect(code).toBe(1);
  });

  const noSignals = process.platform === 'win32' && 'Windows has no signals to pass on';

  test.skipIf(noSignals)(
    'SIGINT ends a script without a handler, and then ends winnode',
    async () => {
      const { child, ended, saw } = start(['-e', `setInterval(() => {}, 1e3); console.log('up')`]);
      await saw('up');
      child.kill('SIGINT');
      expect(await ended).toMatchObject({ code: null, signal: 'SIGINT' });
    },
  );
});
