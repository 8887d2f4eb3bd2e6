import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import ipaddr from 'ipaddr.js';
import { showValue } from 'ntdllx';
import { SktError } from './errors.js';

const largestScope = 0xffff_ffff;
/** Without the optional final dot (RFC 1035, section 2.3.4, in textual form). */
const longestName = 253;

/**
 * True for the text of an IPv4 or IPv6 address that Winsock can use. The zone of an IPv6 address
 * must be an interface's number. Interface names, as on Unix, are not valid.
 */
export function isAddressText(host: unknown): host is string {
  if (typeof host !== 'string' || isIP(host) === 0) return false;
  const percent = host.indexOf('%');
  if (percent < 0) return true;
  const zone = host.slice(percent + 1);
  return /^[1-9]\d{0,9}$/.test(zone) && Number(zone) <= largestScope;
}

/** @throws {SktError} `ERR_ADDRESS` if `host` is not an IP address. */
export function requireIP(host: string): string {
  if (isAddressText(host)) return host;
  throw new SktError(
    'ERR_ADDRESS',
    `The host must be an IP address such as 127.0.0.1, ::1 or fe80::1%5, got ${showValue(host)}. ` +
      "For all of this host's addresses: 0.0.0.0 or ::",
  );
}

/** Why a text is not a valid host name (RFC 1123, section 2.1); undefined if it is valid. */
function nameProblem(name: string): string | undefined {
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  if (bare.length > longestName) return `a name has at most ${longestName} characters`;
  if (/[^\0-\x7f]/.test(bare)) {
    const ascii = domainToASCII(bare);
    const hint = ascii === '' || nameProblem(ascii) !== undefined ? '' : `: ${ascii}`;
    return `a name must be in ASCII${hint}`;
  }
  const labels = bare.split('.');
  if (!labels.every((label) => /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i.test(label))) {
    return 'a name consists of letters, digits and inner hyphens, at most 63 between two dots';
  }
  // A resolver reads 1.2.3 as 1.2.0.3, and 0x7f.1 as 127.0.0.1. No top-level domain is a number.
  const last = labels.at(-1) ?? '';
  if (/^(\d+|0x[\da-f]*)$/i.test(last)) return 'it looks like an IPv4 address but is not valid';
  return undefined;
}

/** @throws {SktError} `ERR_ADDRESS` if `host` is neither an IP address nor a host name. */
export function requireHost(host: string): string {
  if (isAddressText(host)) return host;
  const problem = typeof host === 'string' ? nameProblem(host) : 'it is not a string';
  if (problem === undefined) return host;
  throw new SktError(
    'ERR_ADDRESS',
    'The host must be an IP address such as 127.0.0.1 or a name such as example.org, ' +
      `got ${showValue(host)}: ` +
      `${problem}.`,
  );
}

/**
 * The 4 or 16 bytes of an address for which {@link isAddressText} is true, without its zone. A
 * dotted IPv4 part at the end of an IPv6 address is first converted to two groups, because
 * ipaddr.js would read ::1.2.3.4 as ::ffff:1.2.3.4, which is another address.
 */
export function addressBytes(host: string): number[] {
  if (!host.includes(':')) return ipaddr.IPv4.parse(host).toByteArray();
  const [address = ''] = host.split('%');
  const groups = address.replace(/\d+\.\d+\.\d+\.\d+$/, (dotted) => {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  return ipaddr.IPv6.parse(groups).toByteArray();
}

/** The prefix ::ffff:0:0/96 of IPv4-mapped addresses (RFC 4291, section 2.5.5.2). */
const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** True for an IPv4-mapped IPv6 address, such as ::ffff:127.0.0.1. */
export function isMapped(host: string): boolean {
  const bytes = addressBytes(host);
  return bytes.length === 16 && mappedPrefix.every((byte, index) => bytes[index] === byte);
}

/** The bytes of an address; of an IPv4-mapped address those of its IPv4 address. */
function meantBytes(host: string): number[] {
  const bytes = addressBytes(host);
  return isMapped(host) ? bytes.slice(mappedPrefix.length) : bytes;
}

/** True for 0.0.0.0, :: and ::ffff:0.0.0.0, however they are spelled. */
export function isUnspecified(host: string): boolean {
  return meantBytes(host).every((byte) => byte === 0);
}

/** True for a multicast address, and for IPv4's broadcast address. */
export function isGroup(host: string): boolean {
  const bytes = meantBytes(host);
  const [first = 0] = bytes;
  if (bytes.length === 16) return first === 0xff;
  return (first >= 224 && first < 240) || bytes.every((byte) => byte === 255);
}
