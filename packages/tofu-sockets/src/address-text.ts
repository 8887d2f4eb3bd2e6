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

/** Whether an address is a server's (tofu's ~listen_on) or a client's (~connect_to). */
export type Side = 'server' | 'client';

/**
 * The result of {@link parseAddress}: an address, or an error that says why the text is invalid.
 */
export type ParsedAddress<A extends SktAddress = SktAddress> =
  | { readonly address: A; readonly error?: undefined }
  | { readonly address?: undefined; readonly error: SktError };

function wrong(text: string): SktError {
  return new SktError(
    'ERR_ADDRESS',
    'An address has the form tcp|HOST|PORT or uds|PATH, such as tcp|127.0.0.1|7099; ' +
      `got ${showValue(text)}.`,
  );
}

function read(text: string, side: Side): SktAddress {
  // A path may contain bars: everything after the first bar is the path.
  if (text.startsWith('uds|')) {
    const path = text.slice('uds|'.length);
    return side === 'server' ? new UDSServerAddress(path) : new UDSClientAddress(path);
  }
  const [scheme, host, port, ...rest] = text.split('|', 4);
  if (scheme !== 'tcp' || host === undefined || port === undefined || rest.length > 0) {
    throw wrong(text);
  }
  // Each port has only one valid spelling, so that formatAddress returns the same text.
  if (!/^(0|[1-9]\d{0,4})$/.test(port)) throw wrong(text);
  return side === 'server'
    ? new TCPServerAddress(host, Number(port))
    : new TCPClientAddress(host, Number(port));
}

/** Returns an SktError instead of throwing it. Other errors are bugs and are thrown. */
export function asValue(readAddress: () => SktAddress): ParsedAddress {
  try {
    return { address: readAddress() };
  } catch (error) {
    if (error instanceof SktError) return { error };
    throw error;
  }
}

/**
 * Parses tofu's textual form: `tcp|127.0.0.1|7099`, `tcp|example.org|80` or `uds|path`. Nothing is
 * trimmed, completed, converted or shortened, so {@link formatAddress} returns exactly the same
 * text. This means: schemes are lower-case; there are no spaces; ports have no sign and no leading
 * zeros; an IPv6 address has no brackets; the host is never empty. Only a server can have port 0,
 * 0.0.0.0 or ::; only a client can have a host name. The path is everything after the first bar.
 *
 * Does not throw for an invalid text, but returns the error.
 *
 * @throws {SktError} `ERR_SKT_ARGUMENT` if `text` is not a string, or `side` is neither `server`
 *   nor `client`.
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
    throw new SktError('ERR_SKT_ARGUMENT', `parseAddress takes a string, got ${showValue(text)}.`);
  }
  if (side !== 'server' && side !== 'client') {
    throw new SktError(
      'ERR_SKT_ARGUMENT',
      `The second argument of parseAddress must be 'server' or 'client', got ${showValue(side)}.`,
    );
  }
  return asValue(() => read(text, side));
}

/**
 * Formats an address in tofu's textual form, which {@link parseAddress} parses.
 *
 * @throws {SktError} `ERR_ADDRESS` for an object that no address constructor made, and for a UDP
 *   address, because tofu has no textual form for these.
 */
export function formatAddress(address: SktAddress): string {
  const checked = requireAddress(address, 'formatAddress');
  if ('path' in checked) return `uds|${checked.path}`;
  if (checked.kind !== 'udp') return `tcp|${checked.host}|${checked.port}`;
  throw new SktError(
    'ERR_ADDRESS',
    `The UDP address ${checked.host} port ${checked.port} has no textual form: tofu has one only ` +
      'for TCP and AF_UNIX.',
  );
}
