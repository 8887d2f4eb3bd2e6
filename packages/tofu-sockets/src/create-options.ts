import { isIPv6 } from 'node:net';
import { showValue } from 'ntdllx';
import { SOMAXCONN } from 'ntdllx/ws2_32';
import { type Endpoint, requirePort, type SktAddress, type UDSServerAddress } from './address.js';
import { SktError } from './errors.js';
import { isMapped, requireIP } from './host.js';
import { requireValue, type SktOptions } from './options.js';

/** Options of `SocketCreator.fromAddress`. */
export interface CreateOptions {
  /**
   * For a listener: how many clients may wait to be accepted; 1 to 2^31 - 1. Default: SOMAXCONN.
   */
  readonly backlog?: number;
  /**
   * For a TCP client: the local endpoint, to which it is bound exclusively; port 0: a free one.
   */
  readonly local?: Endpoint;
  /** Options that are set before the bind, which `v6Only` needs. */
  readonly options?: Readonly<Partial<SktOptions>>;
  /**
   * For a UDP socket: whether a datagram to a closed port makes a later receive fail with
   * WSAECONNRESET, as is the default on Windows. Default: false, because one closed peer must not
   * make the next receive fail, which may be for a datagram of another peer.
   */
  readonly reportUnreachable?: boolean;
}

/** The checked options, as {@link planSocket} returns them. */
export interface SocketPlan {
  readonly backlog: number;
  readonly bindTo: Endpoint | UDSServerAddress | undefined;
  readonly options: Readonly<Partial<SktOptions>>;
  readonly reportUnreachable: boolean;
}

function wrong(message: string, given: unknown): SktError {
  return new SktError('ERR_SKT_ARGUMENT', `${message}, got ${showValue(given)}.`);
}

function requireBacklog(backlog: number): number {
  if (Number.isInteger(backlog) && backlog >= 1 && backlog <= SOMAXCONN) return backlog;
  throw wrong('The option backlog must be a whole number from 1 to 2^31 - 1', backlog);
}

/** The address to bind the socket to; undefined for a client without a local endpoint. */
function placeOf(address: SktAddress, local: Endpoint | undefined): SocketPlan['bindTo'] {
  if (address.kind === 'uds-client') return undefined;
  if (address.kind !== 'tcp-client') return address;
  if (local === undefined) return undefined;
  if (typeof local !== 'object' || local === null) {
    throw wrong('The option local must be an object { host, port }', local);
  }
  const place = { host: requireIP(local.host), port: requirePort(local.port, 0) };
  if (isIPv6(place.host) === isIPv6(address.host)) return place;
  const family = isIPv6(address.host) ? 'IPv6' : 'IPv4';
  throw wrong(`The option local must have an ${family} address, as ${address.host}`, place.host);
}

/** Turns v6Only off, because otherwise the socket cannot use an IPv4-mapped address. */
function reachIPv4(host: string, options: Partial<SktOptions>): void {
  options.v6Only ??= false;
  if (!options.v6Only) return;
  const message = `${host} is an IPv4 address in IPv6's form, and v6Only: true excludes those.`;
  throw new SktError('ERR_ADDRESS', `${message} Leave v6Only out, or give the IPv4 address.`);
}

/**
 * Checks all options before anything is opened. Reads each property only once.
 *
 * @throws {SktError} `ERR_SKT_ARGUMENT`, or `ERR_ADDRESS` for an endpoint or a name.
 */
export function planSocket(address: SktAddress, given: CreateOptions): SocketPlan {
  if (address.kind === 'tcp-client' && address.isName) {
    throw new SktError(
      'ERR_ADDRESS',
      `A socket needs an IP address, but ${address.host} is a name: await resolveAddress first, and ` +
        'use an address that it returns.',
    );
  }
  if (typeof given !== 'object' || given === null) {
    throw wrong('The options of fromAddress must be an object such as { backlog: 16 }', given);
  }
  const { backlog, local, options = {}, reportUnreachable = false } = given;
  if (backlog !== undefined && !address.kind.endsWith('server')) {
    throw wrong('The option backlog needs the address of a server', address.kind);
  }
  if (local !== undefined && address.kind !== 'tcp-client') {
    throw wrong('The option local needs a tcp-client address', address.kind);
  }
  if (typeof reportUnreachable !== 'boolean') {
    throw wrong('The option reportUnreachable must be true or false', reportUnreachable);
  }
  if (reportUnreachable && address.kind !== 'udp') {
    throw wrong('The option reportUnreachable needs a udp address', address.kind);
  }
  if (typeof options !== 'object' || options === null) {
    throw wrong('The option options must be an object such as { noDelay: true }', options);
  }
  const copy = { ...options };
  for (const [option, value] of Object.entries(copy)) {
    if (value !== undefined) requireValue(option as keyof SktOptions, value);
  }
  if ('host' in address && isMapped(address.host)) reachIPv4(address.host, copy);
  return {
    backlog: backlog === undefined ? SOMAXCONN : requireBacklog(backlog),
    bindTo: placeOf(address, local),
    options: copy,
    reportUnreachable,
  };
}
