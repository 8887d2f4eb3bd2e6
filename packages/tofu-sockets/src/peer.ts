import { isIPv6 } from 'node:net';
import { showValue } from 'ntdllx';
import { type Endpoint, requirePort, type SktAddress } from './address.js';
import { SktError } from './errors.js';
import { requireIP } from './host.js';

/**
 * The other end that a UDP socket is given, read once: an object may say something else the next
 * time.
 *
 * @throws {SktError} `ERR_ADDRESS` for what is no endpoint, and for one of the other family.
 */
export function requirePeer(to: Endpoint, own: SktAddress | undefined): Endpoint {
  if (typeof to !== 'object' || to === null) {
    throw new SktError(
      'ERR_ADDRESS',
      `A datagram goes to a host and a port, got ${showValue(to)}.`,
    );
  }
  const peer = { host: requireIP(to.host), port: requirePort(to.port, 1) };
  if (own === undefined || 'path' in own || isIPv6(own.host) === isIPv6(peer.host)) return peer;
  const family = isIPv6(own.host) ? 'IPv6' : 'IPv4';
  throw new SktError(
    'ERR_ADDRESS',
    `This socket is one of ${family}: it cannot reach ${peer.host}.`,
  );
}
