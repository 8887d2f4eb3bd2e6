import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { build, host, main } from './terminal.js';

const isMissing = host.kind === 'none';
const title = `lines from a pipe${isMissing ? ` (skipped: ${host.reason})` : ''}`;

function pipe(input: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--build', build], {
    input,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, stdout: stdout.replaceAll('\r', ''), stderr };
}

describe.skipIf(isMissing)(title, () => {
  test('a result is all that is on standard output, and it ends', () => {
    expect(pipe('1+1\n')).toEqual({ status: 0, stdout: '2\n', stderr: '' });
  });

  test('nothing at all, and a line without an end', () => {
    expect(pipe('')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(pipe('STATUS_PENDING')).toMatchObject({ status: 0, stdout: 'STATUS_PENDING (0x103)\n' });
  });

  test('NT calls are on standard error; an error does not end it', () => {
    const { status, stdout, stderr } = pipe('NtClose(3)\nnothing.here\nawait 5\n');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^STATUS_INVALID_HANDLE \(0xc0000008\)\nUncaught ReferenceError: .*\n5\n$/s,
    );
    expect(stderr).toMatch(/^ +[\d.]+ #1 NtClose\(Handle=0x3\) = STATUS_INVALID_HANDLE .*\n$/);
  });

  test('.example runs here, too', () => {
    const { status, stdout, stderr } = pipe('.example port\n1 + 1\n');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nport#1 \(0x[0-9a-f]+\)\n/);
    expect(stdout).toMatch(/\n2\n$/);
    expect(stderr.match(/ = STATUS_SUCCESS /g)).toHaveLength(4);
  });
});
