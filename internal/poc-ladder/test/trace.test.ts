import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeHost } from 'winnode';

const main = createRequire(import.meta.url).resolve('poc-ladder/main');
const host = describeHost();

test.skipIf(host.kind === 'none')(
  `--trace writes calls to standard error, --trace-file a file, --no-report no report ${host.reason}`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'ladder-trace-'));
    const build = `--build=${process.env['TEST_BUILD']}`;
    const args = [main, '--stage=0-wake', build, '--trace', '--trace-file=x.json', '--no-report'];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      cwd: directory,
    });
    const file = readFileSync(join(directory, 'x.json'), 'utf8');
    expect(readdirSync(directory)).toEqual(['x.json']);
    expect(stdout).not.toContain('Report');
    rmSync(directory, { recursive: true });
    expect(status).toBe(0);
    // Standard output contains only the stage's own lines.
    expect(stdout).toContain('   ok   NtSetIoCompletion: STATUS_SUCCESS');
    expect(stdout).not.toContain('NtRemoveIoCompletionEx(');
    expect(stderr).toMatch(/#1 NtCreateIoCompletion\(IoCompletionHandle=&\{port#1\}, /);
    expect(stderr).toMatch(/\[waker \d+\] #\d+ NtSetIoCompletion\(/);
    // The file connects the threads: an arrow leads from the waker's track to the wait.
    const { traceEvents } = JSON.parse(file) as { traceEvents: { ph: string; tid: number }[] };
    const tracks = (ph: string) => traceEvents.filter((e) => e.ph === ph).map(({ tid }) => tid);
    expect(tracks('f')).toEqual([0]);
    expect(tracks('s')).toHaveLength(1);
    expect(tracks('s')[0]).toBeGreaterThan(0);
  },
);
