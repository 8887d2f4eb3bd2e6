import {
  isNtError,
  isNtSuccess,
  NtStatusError,
  ntStatusName,
  relativeTimeout100ns,
  requireNtSuccess,
  STATUS_CANCELLED,
  STATUS_HANDLES_CLOSED,
  STATUS_INVALID_HANDLE,
  STATUS_PENDING,
  STATUS_SUCCESS,
  STATUS_TIMEOUT,
  toNtStatus,
  WsaError,
  wsaErrorName,
} from 'ntdllx';
import { describe, expect, test } from 'vitest';

test('a status is made unsigned from any number', () => {
  expect(toNtStatus(-0x3fff_fee0)).toBe(STATUS_CANCELLED);
  expect(toNtStatus(STATUS_CANCELLED)).toBe(STATUS_CANCELLED);
  expect(STATUS_CANCELLED).toBe(0xc000_0120);
});

test('statuses below 0x80000000 are success, all others are not', () => {
  for (const status of [STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_PENDING, 0x4000_0000]) {
    expect(isNtSuccess(status)).toBe(true);
  }
  for (const status of [0x8000_0000, STATUS_HANDLES_CLOSED, STATUS_CANCELLED, 0xffff_ffff]) {
    expect(isNtSuccess(status)).toBe(false);
  }
  // A warning is neither a success nor an error.
  expect([0, STATUS_PENDING, STATUS_HANDLES_CLOSED].some(isNtError)).toBe(false);
  expect([STATUS_CANCELLED, 0xc000_0000, 0xffff_ffff].every(isNtError)).toBe(true);
});

test('a status is named; an unknown one keeps its number', () => {
  expect(ntStatusName(0)).toBe('STATUS_SUCCESS');
  expect(ntStatusName(STATUS_HANDLES_CLOSED)).toBe('STATUS_HANDLES_CLOSED');
  expect(ntStatusName(0xc012_3456)).toBe('0xc0123456');
});

test('an error has the call, the status and what to do', () => {
  expect(requireNtSuccess('NtClose', STATUS_PENDING)).toBe(STATUS_PENDING);
  const call = () => requireNtSuccess('NtClose', STATUS_INVALID_HANDLE);
  expect(call).toThrowError(NtStatusError);
  expect(call).toThrowError(
    'NtClose returned STATUS_INVALID_HANDLE (0xc0000008). ' +
      'The handle is closed or was never valid: check what closes it.',
  );
  expect(call).toThrowError(
    expect.objectContaining({ code: 'ERR_NTSTATUS', call: 'NtClose', status: 0xc000_0008 }),
  );
});

test('a Winsock error is named, too', () => {
  expect(wsaErrorName(10_035)).toBe('WSAEWOULDBLOCK');
  expect(wsaErrorName(12_345)).toBe('WSA error 12345');
  const error = new WsaError('bind', 10_048);
  expect(error).toMatchObject({
    code: 'EADDRINUSE',
    syscall: 'bind',
    errno: -4091,
    wsaName: 'WSAEADDRINUSE',
  });
  expect(error.message).toMatch(/^bind failed with WSAEADDRINUSE \(10048\)\. /);
});

describe('a relative time-out', () => {
  test.each([
    [0, 0n],
    [1, -10_000n],
    [10_000, -100_000_000n],
    [0.4, -4_000n],
    [0.000_01, -1n],
    [1.000_01, -10_001n],
    [2 ** 31, -21_474_836_480_000n],
    [Number.MAX_SAFE_INTEGER, -BigInt(Number.MAX_SAFE_INTEGER) * 10_000n],
  ])('of %d ms', (timeoutMs, expected) => {
    expect(relativeTimeout100ns(timeoutMs)).toBe(expected);
  });

  test.each([-1, -0.1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])(
    'refuses %d',
    (timeoutMs) => {
      expect(() => relativeTimeout100ns(timeoutMs)).toThrowError(RangeError);
    },
  );
});
