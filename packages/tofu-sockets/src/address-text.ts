import {
  type SktAddress,
  TCPClientAddress,
  TCPServerAddress,
  UDSClientAddress,
  UDSServerAddress,
} from './address.js';
import { SktError } from './errors.js';

/** Which end of a connection a text is the address of: tofu's ~listen_on and ~connect_to. */
export type Side = 'server' | 'client';

/** What {@link parseAddress} returns: an address, or why the text is none. */
export type ParsedAddress =
  | { readonly address: SktAddress; readonly error?: undefined }
  | { readonly address?: undefined; readonly error: SktError };

function wrong(text: string): SktError {
  return new SktError(
    'ERR_ADDRESS',
    `An address is tcp|HOST|PORT or uds|PATH, got ${JSON.stringify(text)}.`,
  );
}

function read(text: string, side: Side): SktAddress {
  const [scheme, ...rest] = text.split('|');
  if (scheme === 'uds' && rest.length > 0) {
    // A path may hold bars itself: everything after the first one is the path.
    const path = text.slice('uds|'.length);
    return side === 'server' ? new UDSServerAddress(path) : new UDSClientAddress(path);
  }
  const [host = '', port = ''] = rest;
  if (scheme !== 'tcp' || rest.length !== 2 || !/^\d{1,5}$/.test(port)) throw wrong(text);
  return side === 'server'
    ? new TCPServerAddress(host, Number(port))
    : new TCPClientAddress(host, Number(port));
}

/**
 * Reads tofu's textual form: `tcp|127.0.0.1|7099` or `uds|path`. Nothing is trimmed, completed or cut:
 * no spaces, no leading signs, and a port of 0 for a server only.
 *
 * Never throws on text: what is no address is a value.
 */
export function parseAddress(text: string, side: Side): ParsedAddress {
  try {
    return { address: read(text, side) };
  } catch (error) {
    if (error instanceof SktError) return { error };
    throw error;
  }
}

/**
 * Writes an address in tofu's textual form; {@link parseAddress} reads it back.
 *
 * @throws {SktError} `ERR_ADDRESS` for a UDP address, for which tofu has no form.
 */
export function formatAddress(address: SktAddress): string {
  if ('path' in address) return `uds|${address.path}`;
  if (address.kind !== 'udp') return `tcp|${address.host}|${address.port}`;
  throw new SktError('ERR_ADDRESS', 'There is no textual form for a UDP address.');
}
