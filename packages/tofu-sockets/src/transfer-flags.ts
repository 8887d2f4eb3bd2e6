import { showValue } from 'ntdllx';
import { MSG_OOB, MSG_PEEK } from 'ntdllx/ws2_32';
import { SktError } from './errors.js';

/** Flags of a send or a receive. */
export interface TransferFlags {
  /** MSG_OOB: TCP's one urgent byte. */
  readonly oob?: boolean;
  /** MSG_PEEK: copy the data without removing it from the receive buffer. For recv only. */
  readonly peek?: boolean;
}

function isOn(value: unknown, flag: string, call: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw new SktError(
    'ERR_SKT_ARGUMENT',
    `The flag ${flag} of ${call} must be true or false, got ${showValue(value)}.`,
  );
}

/** Winsock's bits. @throws {SktError} `ERR_SKT_ARGUMENT` for flags that the call does not have. */
export function flagBits(flags: TransferFlags, call: 'send' | 'recv'): number {
  if (typeof flags !== 'object' || flags === null) {
    throw new SktError(
      'ERR_SKT_ARGUMENT',
      `The flags of ${call} must be an object such as { oob: true }, got ${showValue(flags)}.`,
    );
  }
  const bits =
    (isOn(flags.oob, 'oob', call) ? MSG_OOB : 0) | (isOn(flags.peek, 'peek', call) ? MSG_PEEK : 0);
  if (call === 'recv' || (bits & MSG_PEEK) === 0) return bits;
  throw new SktError('ERR_SKT_ARGUMENT', 'send got the flag peek, which only recv has.');
}
