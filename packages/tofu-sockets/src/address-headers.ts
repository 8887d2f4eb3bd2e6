import { showValue } from 'ntdllx';
import type { SktAddress } from './address.js';
import { formatAddress, type ParsedAddress, parseAddress, type Side } from './address-text.js';
import { SktError } from './errors.js';

/** tofu's address headers, and whether each has a client's or a server's address. */
const sides: ReadonlyMap<string, Side> = new Map([
  ['~connect_to', 'client'],
  ['~listen_on', 'server'],
]);

/**
 * Formats an address as a header of a tofu message, without a line end:
 * `~connect_to: tcp|127.0.0.1|7099` for a client, `~listen_on: …` for a server.
 *
 * @throws {SktError} `ERR_ADDRESS` as `formatAddress` does.
 */
export function formatAddressHeader(address: SktAddress): string {
  const text = formatAddress(address);
  return `${address.kind.endsWith('server') ? '~listen_on' : '~connect_to'}: ${text}`;
}

/**
 * Finds the address in a message's headers: lines of `name: value` that end with CR LF or LF. Uses
 * the first line with one of the two names, also if its address is invalid. Names are
 * case-sensitive. Only one space after the colon is removed from the value.
 *
 * Does not throw for an invalid or missing address, but returns the error.
 *
 * @throws {SktError} `ERR_SKT_ARGUMENT` if `headers` is not a string.
 */
export function parseAddressHeaders(headers: string): ParsedAddress {
  if (typeof headers !== 'string') {
    throw new SktError(
      'ERR_SKT_ARGUMENT',
      `parseAddressHeaders takes the headers as a string, got ${showValue(headers)}.`,
    );
  }
  for (const line of headers.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const side = colon < 0 ? undefined : sides.get(line.slice(0, colon));
    if (side === undefined) continue;
    const value = line.slice(colon + 1);
    return parseAddress(value.startsWith(' ') ? value.slice(1) : value, side);
  }
  return {
    error: new SktError(
      'ERR_ADDRESS',
      'The message has no address: none of its header lines begins with "~connect_to:" or ' +
        `"~listen_on:". It begins with ${showValue(headers)}.`,
    ),
  };
}
