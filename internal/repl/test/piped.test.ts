import { beforeAll, describe, expect, test } from 'vitest';
import { host, pipe } from './terminal.js';

const isMissing = host.kind === 'none';
const title = `lines from a pipe${isMissing ? ` (skipped: ${host.reason})` : ''}`;

describe.skipIf(isMissing)(title, () => {
  // A prompt takes a second of CPU time.
  let end: ReturnType<typeof pipe>;
  beforeAll(() => {
    end = pipe('1+1\nNtClose(3)\nnothing.here\nawait 5\nSTATUS_PENDING');
  });

  test('standard output contains only results, also of a last line without a line end', () => {
    expect(end.stdout).toMatch(/^2\nSTATUS_INVALID_HANDLE \(0xc0000008\)\n/);
    expect(end.stdout).toMatch(/\nSTATUS_PENDING \(0x103\)\n$/);
    expect(end.stdout.trimEnd().split('\n')).toHaveLength(5);
    expect(end.status).toBe(0);
  });

  test('NT calls are on standard error; an error does not end the prompt', () => {
    expect(end.stdout).toMatch(/\nUncaught ReferenceError: .*\n5\n/);
    expect(end.stderr).toMatch(/^ +[\d.]+ #1 NtClose\(Handle=0x3\) = STATUS_INVALID_HANDLE .*\n$/);
  });
});
