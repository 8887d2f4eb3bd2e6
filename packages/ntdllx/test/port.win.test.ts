import { allocate, IO_COMPLETION_ALL_ACCESS, NtClose, NtCreateIoCompletion, requireNtSuccess } from 'ntdllx';
import { expect, test } from 'vitest';
test('creates', () => {
  const out = allocate(8);
  requireNtSuccess('NtCreateIoCompletion', NtCreateIoCompletion(out.address, IO_COMPLETION_ALL_ACCESS, 0, 0));
  const h = Number(out.readU64(0));
  expect(h).toBeGreaterThan(0);
  expect(NtClose(h)).toBe(0);
  out.free();
});
