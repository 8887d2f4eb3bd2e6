import { showValue } from 'ntdllx';
import {
  requireAddress,
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
export type ParsedAddress<A extends SktAddress = SktAddress> =
  | { readonly address: A; readonly error?: undefined }
  | { readonly address?: undefined; readonly error: SktError };

function wrong(text: string): SktError {
  return new SktError(
    'ERR_ADDRESS',
    `An address is tcp|HOST|PORT or uds|PATH, got ${showValue(text)}.`,
  );
}

function read(text: string, side: Side): SktAddress {
  // A path may hold bars itself: everything after the first one is the path.
  if (text.startsWith('uds|')) {
    const path = text.slice('uds|'.length);
    return side === 'server' ? new UDSServerAddress(path) : new UDSClientAddress(path);
  }
  const [scheme, host, port, ...rest] = text.split('|', 4);
  if (scheme !== 'tcp' || host === undefined || port === undefined || rest.length > 0) {
    throw wrong(text);
  }
  // One spelling for each port, so that what is read is written back as it was.
  if (!/^(0|[1-9]\d{0,4})$/.test(port)) throw wrong(text);
  return side === 'server'
    ? new TCPServerAddress(host, Number(port))
    : new TCPClientAddress(host, Number(port));
}

/** The value for a text that is no address; other errors are bugs of the caller, and thrown. */
export function asValue(readAddress: () => SktAddress): ParsedAddress {
  try {
    return { address: readAddress() };
  } catch (error) {
    if (error instanceof SktError) return { error };
    throw error;
  }
}

/**
 * Reads tofu's textual form: `tcp|127.0.0.1|7099`, `tcp|example.org|80` or `uds|path`. Nothing is
 * trimmed, completed, converted or cut, so {@link formatAddress} gives the very text back. That
 * means: lower-case schemes, no spaces, ports without signs or leading zeros, an IPv6 address
 * without brackets, never an empty host; 0 as a port, 0.0.0.0 and :: for a server only, a name for a
 * client only. A path is all that follows the first bar.
 *
 * Never throws on text: what is no address is a value.
 *
 * @throws {SktError} `ERR_SKT_ARGUMENT` when `text` is no text or `side` is neither end.
 */
export function parseAddress(
  text: string,
  side: 'server',
): ParsedAddress<TCPServerAddress | UDSServerAddress>;
export function parseAddress(
  text: string,
  side: 'client',
): ParsedAddress<TCPClientAddress | UDSClientAddress>;
export function parseAddress(text: string, side: Side): ParsedAddress;
export function parseAddress(text: string, side: Side): ParsedAddress {
  if (typeof text !== 'string') {
    throw new SktError('ERR_SKT_ARGUMENT', `parseAddress wants a text, got ${showValue(text)}.`);
  }
  if (side !== 'server' && side !== 'client') {
    throw new SktError(
      'ERR_SKT_ARGUMENT',
      `parseAddress wants to know whose address it is, server or client, got ${showValue(side)}.`,
    );
  }
  return asValue(() => read(text, side));
}

/**
 * Writes an address in tofu's textual form; {@link parseAddress} reads it back.
 *
 * @throws {SktError} `ERR_ADDRESS` for what no constructor checked, and for a UDP address, for which
 *   tofu has no form.
 */
export function formatAddress(address: SktAddress): string {
  const checked = requireAddress(address, 'formatAddress');
  if ('path' in checked) return `uds|${checked.path}`;
  if (checked.kind !== 'udp') return `tcp|${checked.host}|${checked.port}`;
  throw new SktError('ERR_ADDRESS', 'There is no textual form for a UDP address.');
}
