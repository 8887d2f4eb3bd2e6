import { spawnSync } from 'node:child_process';
import { allocate, NativeMemoryError, NtClose, nativeMemory, ntKernel } from 'ntdllx';
import { CreateEventA } from 'ntdllx/kernel32';
import { probeNt } from 'ntdllx/probe';
import { describe, expect, test } from 'vitest';

test('importing opens no library', () => {
  // In a process of its own, because this process may already have loaded koffi.
  const script = `
    import 'ntdllx'; import 'ntdllx/kernel32'; import 'ntdllx/ws2_32';
    import 'ntdllx/libuv'; import 'ntdllx/probe';
    const opened = process.report.getReport().sharedObjects.filter((name) => /koffi/.test(name));
    if (opened.length > 0) throw new Error(opened.join());
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect(child.stderr).toBe('');
  expect(child.status).toBe(0);
});

test.skipIf(process.platform === 'win32').each([
  ['NtClose', () => NtClose(4)],
  ['CreateEventA', () => CreateEventA(0, 1, 0, 0)],
  ['WSACleanup', () => ntKernel.WSACleanup()],
  ['allocate', () => allocate(8)],
])('without Windows the first call says what is missing: %s', (name, call) => {
  const message = `${name} needs Windows NT, but this is ${process.platform}.`;
  expect(call).toThrowError(expect.objectContaining({ code: 'ERR_NT_HOST' }));
  expect(call).toThrowError(message);
  expect(call).toThrowError(/winnode script\.js/);
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test.skipIf(process.platform === 'win32')(
  'without Windows a probe reports koffi as unsupported and ends',
  () => {
    expect([...probeNt()]).toMatchObject([
      { name: 'koffi', isNecessary: true, verdict: 'unsupported' },
    ]);
  },
);

describe('allocate refuses', () => {
  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '8', null, undefined])(
    '%s',
    (byteLength) => {
      expect(() => allocate(byteLength as number)).toThrowError(NativeMemoryError);
      expect(nativeMemory().blocks).toBe(0);
    },
  );
});
