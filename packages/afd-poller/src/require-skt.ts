import { type Kernel, showValue } from 'ntdllx';
import { isSkt, type Skt } from 'tofu-sockets';
import { PollerError } from './errors.js';

/**
 * Checks that an argument is a socket on this kernel. The socket may come from another installed
 * copy of tofu-sockets.
 *
 * @param what the start of the error message, which names the caller.
 * @throws {PollerError} `ERR_POLLER_ARGUMENT`
 */
export function requireSkt(skt: Skt, kernel: Kernel, what: string): void {
  if (!isSkt(skt)) {
    const name = (skt as object | null)?.constructor?.name ?? '';
    const isOther = name === 'NativeSkt' || name === 'Skt';
    const hint = isOther
      ? ' Most likely it comes from another copy of tofu-sockets: install only one version.'
      : '';
    throw new PollerError('ERR_POLLER_ARGUMENT', `${what}, got ${showValue(skt)}.${hint}`);
  }
  if (skt.isOn(kernel)) return;
  throw new PollerError(
    'ERR_POLLER_ARGUMENT',
    'This socket is on another kernel than the poller, such as a simulated one: create both on ' +
      'the same kernel.',
  );
}
