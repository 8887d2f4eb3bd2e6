import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { showValue } from 'ntdllx';
import {
  parseAddress,
  resolveAddress,
  type SktAddress,
  TCPClientAddress,
  TCPServerAddress,
  UDSClientAddress,
  UDSServerAddress,
} from 'tofu-sockets';
import { ReactorError } from './errors.js';

/**
 * The address of a server or a client: an address object of tofu-sockets; tofu's text form, such
 * as `tcp|127.0.0.1|7099` or `uds|C:\run\app.sock`; or the form of `node:net`, a port with a host,
 * or a path.
 */
export type ReactorAddress =
  | SktAddress
  | string
  | { readonly port: number; readonly host?: string }
  | { readonly path: string };

/** The address that a server listens on. */
export type ListenAddress = TCPServerAddress | UDSServerAddress;
/**
 * An address that a client connects to. In the result of `connectAddresses` names are resolved.
 */
export type ConnectAddress = TCPClientAddress | UDSClientAddress;

/**
 * @returns the address to listen on. The default host is 127.0.0.1; a name is resolved to its
 *   first address.
 * @throws {ReactorError} `ERR_REACTOR_ARGUMENT`. @throws {SktError} for a wrong host, port or
 *   path.
 */
export async function listenAddress(given: ReactorAddress): Promise<ListenAddress> {
  const address = addressOf(given, 'server');
  if (address instanceof TCPServerAddress || address instanceof UDSServerAddress) return address;
  if ('kind' in address) throw wrongKind('listen', address.kind);
  if ('path' in address) return new UDSServerAddress(address.path);
  const { port, host = '127.0.0.1' } = address;
  if (typeof host !== 'string' || isIP(host) !== 0) return new TCPServerAddress(host, port);
  // Checks the port before the name is resolved.
  new TCPServerAddress('127.0.0.1', port);
  const found = await lookup(new TCPClientAddress(host).host);
  return new TCPServerAddress(found.address, port);
}

/**
 * @returns the addresses to try, in order. The default host is localhost.
 * @throws as {@link listenAddress}; `ERR_RESOLVE` if a name has no address.
 */
export async function connectAddresses(given: ReactorAddress): Promise<ConnectAddress[]> {
  const address = connectAddress(given);
  return address instanceof TCPClientAddress ? await resolveAddress(address) : [address];
}

/** Like {@link connectAddresses}, but does not resolve names. */
export function connectAddress(given: ReactorAddress): ConnectAddress {
  const address = addressOf(given, 'client');
  if (address instanceof TCPClientAddress || address instanceof UDSClientAddress) return address;
  if ('kind' in address) throw wrongKind('connect', address.kind);
  if ('path' in address) return new UDSClientAddress(address.path);
  return new TCPClientAddress(address.host ?? 'localhost', address.port);
}

function addressOf(
  given: ReactorAddress,
  side: 'server' | 'client',
): Exclude<ReactorAddress, string> {
  if (typeof given === 'string') {
    const { address, error } = parseAddress(given, side);
    if (address === undefined) throw error;
    return address;
  }
  const isNamed = typeof given === 'object' && given !== null;
  if (isNamed && ('port' in given || 'path' in given)) return given;
  throw new ReactorError(
    'ERR_REACTOR_ARGUMENT',
    'An address must be { port, host }, { path }, a string such as tcp|127.0.0.1|7099, or an ' +
      `address object of tofu-sockets; got ${showValue(given)}.`,
  );
}

function wrongKind(call: string, kind: string): ReactorError {
  return new ReactorError(
    'ERR_REACTOR_ARGUMENT',
    `${call} got an address of kind ${kind}. listen takes the address of a server, connect that of a ` +
      'client, and bind that of a UDP socket.',
  );
}
