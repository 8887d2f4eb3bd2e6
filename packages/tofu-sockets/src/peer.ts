import { isIPv6 } from 'node:net';
import { showValue } from 'ntdllx';
import { type Endpoint, requirePort, type SktAddress } from './address.js';
import { SktError } from './errors.js';
import { requireIP } from './host.js';

/**
 * Checks the peer's endpoint for a UDP socket and copies it. Reads each property once, because a
 * getter could return another value the next time.
 *
 * @throws {SktError} `ERR_ADDRESS` if it is not an endpoint, or one of the other address family.
 */
export function requirePeer(to: Endpoint, own: SktAddress | undefined): Endpoint {
  if (typeof to !== 'object' || to === null) {
    throw new SktError(
      'ERR_ADDRESS',
      `The destination of a datagram must be an object { host, port }, got ${showValue(to)}.`,
    );
  }
  const peer = { host: requireIP(to.host), port: requirePort(to.port, 1) };
  if (own === undefined || 'path' in own || isIPv6(own.host) === isIPv6(peer.host)) return peer;
  const family = isIPv6(own.host) ? 'IPv6' : 'IPv4';
  throw new SktError(
    'ERR_ADDRESS',
    `This socket uses ${family}, so it cannot send to ${peer.host}: create one for that family.`,
  );
}
