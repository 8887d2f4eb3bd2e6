import * as values from './ntstatus-values.js';

/** A status of NT; in this package always an unsigned 32-bit number. */
export type NTSTATUS = number;

const names = new Map<number, string>();
for (const [name, value] of Object.entries(values)) {
  if (!names.has(value)) names.set(value, name);
}

/** Converts a status from another source, such as a negative C int, to its unsigned form. */
export function toNtStatus(value: number): NTSTATUS {
  return value >>> 0;
}

/**
 * NT's NT_SUCCESS: true for the severities success and information, false for warning and error.
 * STATUS_PENDING and STATUS_TIMEOUT are successes, so code that waits must check for them itself.
 */
export function isNtSuccess(status: NTSTATUS): boolean {
  return status < 0x8000_0000;
}

/**
 * NT's NT_ERROR: true if NT refused to start a request. Then there is no request, the caller still
 * owns its memory, and no packet will arrive. A warning is not an error: the request completes.
 */
export function isNtError(status: NTSTATUS): boolean {
  return status >= 0xc000_0000;
}

/** NT's name for a status, or the status in hexadecimal if this package has no name for it. */
export function ntStatusName(status: NTSTATUS): string {
  return names.get(status) ?? `0x${(status >>> 0).toString(16).padStart(8, '0')}`;
}
