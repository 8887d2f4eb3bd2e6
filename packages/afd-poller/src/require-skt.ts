import { type Kernel, showValue } from 'ntdllx';
import { isSkt, type Skt } from 'tofu-sockets';
import { PollerError } from './errors.js';

/**
 * A socket of this kernel; it may be of another installed copy of tofu-sockets.
 *
 * @param what what wants it, to begin the message with.
 * @throws {PollerError} `ERR_POLLER_ARGUMENT`
 */
export function requireSkt(skt: Skt, kernel: Kernel, what: string): void {
  if (!isSkt(skt)) {
    const name = (skt as object | null)?.constructor?.name ?? '';
    const isOther = name === 'NativeSkt' || name === 'Skt';
    const hint = isOther ? ' It looks like one of another copy of tofu-sockets: install one.' : '';
    throw new PollerError('ERR_POLLER_ARGUMENT', `${what}, got ${showValue(skt)}.${hint}`);
  }
  if (skt.isOn(kernel)) return;
  throw new PollerError('ERR_POLLER_ARGUMENT', 'This socket is of another kernel.');
}
