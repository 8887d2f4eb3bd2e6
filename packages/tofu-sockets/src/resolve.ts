import { lookup } from 'node:dns/promises';
import { showValue } from 'ntdllx';
import { requireAddress, TCPClientAddress } from './address.js';
import { SktError } from './errors.js';
import { isGroup, isUnspecified } from './host.js';

/**
 * Resolves a client address whose host is a name, with the system's resolver. A client address
 * whose host is an IP address is returned unchanged. Does not block this thread: the look-up runs
 * on one of Node's threads. It cannot be cancelled.
 *
 * @returns at least one address, in the resolver's order; try them one after another. Addresses to
 *   which a client cannot connect, such as 0.0.0.0, are left out.
 * @throws {SktError} `ERR_RESOLVE` if the name has no address or the resolver fails, with Node's
 *   error as `cause`; `ERR_ADDRESS` for another kind of address.
 */
export async function resolveAddress(
  address: TCPClientAddress,
): Promise<[TCPClientAddress, ...TCPClientAddress[]]> {
  const checked = requireAddress(address, 'resolveAddress');
  if (checked.kind !== 'tcp-client') {
    const given = showValue(checked.kind);
    throw new SktError(
      'ERR_ADDRESS',
      `resolveAddress takes a TCPClientAddress, got an address of kind ${given}.`,
    );
  }
  if (!checked.isName) return [checked];
  const answers = await ask(checked.host);
  const targets = answers.filter((answer) => !isUnspecified(answer) && !isGroup(answer));
  const [first, ...others] = targets.map((answer) => new TCPClientAddress(answer, checked.port));
  if (first === undefined) {
    throw unresolved(checked.host, 'it has no address that a client can connect to');
  }
  return [first, ...others];
}

async function ask(name: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true, order: 'verbatim' })).map(({ address }) => address);
  } catch (error) {
    throw unresolved(name, (error as NodeJS.ErrnoException).code ?? 'unknown', error);
  }
}

const advice: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such name: check its spelling, and that the network is up',
  EAI_AGAIN: 'the name server does not answer: try again later',
  ETIMEOUT: 'the name server does not answer: try again later',
};

function unresolved(name: string, why: string, cause?: unknown): SktError {
  const reason = advice[why] === undefined ? why : `${why}, ${advice[why]}`;
  return new SktError('ERR_RESOLVE', `The host name ${name} was not resolved: ${reason}.`, {
    cause,
  });
}
