import * as values from './ntstatus-values.js';

/** A status of NT as this package hands it out: an unsigned 32-bit number. */
export type NTSTATUS = number;

const names = new Map<number, string>();
for (const [name, value] of Object.entries(values)) {
  if (!names.has(value)) names.set(value, name);
}

/** The unsigned form of a status that came from elsewhere, say as a negative C int. */
export function toNtStatus(value: number): NTSTATUS {
  return value >>> 0;
}

/**
 * NT's own NT_SUCCESS covers successes and information; warnings and errors are not success.
 * Note that STATUS_PENDING and STATUS_TIMEOUT are successes, so a wait checks for those itself.
 */
export function isNtSuccess(status: NTSTATUS): boolean {
  return status < 0x8000_0000;
}

/**
 * True when a call that starts a request refused it: there is no request, its memory stays the
 * caller's, and no packet will come. NT's NT_ERROR; a warning still completes the request.
 */
export function isNtError(status: NTSTATUS): boolean {
  return status >= 0xc000_0000;
}

/** NT's name for a status, or its number in hexadecimal where this package has none. */
export function ntStatusName(status: NTSTATUS): string {
  return names.get(status) ?? `0x${(status >>> 0).toString(16).padStart(8, '0')}`;
}
