import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import ipaddr from 'ipaddr.js';
import { showValue } from 'ntdllx';
import { SktError } from './errors.js';

const largestScope = 0xffff_ffff;
/** Without the dot that may end it (RFC 1035, section 2.3.4, as text). */
const longestName = 253;

/**
 * True for an IPv4 or IPv6 address in text, as Winsock can be given it. The zone of an IPv6 address
 * is an interface's number; names of interfaces are Unix'.
 */
export function isAddressText(host: unknown): host is string {
  if (typeof host !== 'string' || isIP(host) === 0) return false;
  const percent = host.indexOf('%');
  if (percent < 0) return true;
  const zone = host.slice(percent + 1);
  return /^[1-9]\d{0,9}$/.test(zone) && Number(zone) <= largestScope;
}

/** @throws {SktError} `ERR_ADDRESS` for what is no address. */
export function requireIP(host: string): string {
  if (isAddressText(host)) return host;
  throw new SktError(
    'ERR_ADDRESS',
    `A host is an address such as 127.0.0.1, ::1 or fe80::1%5, got ${showValue(host)}. ` +
      'For all of this host: 0.0.0.0 or ::',
  );
}

/** Why a text is not a host's name (RFC 1123, section 2.1), or undefined if it is one. */
function nameProblem(name: string): string | undefined {
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  if (bare.length > longestName) return `a name has at most ${longestName} characters`;
  if (/[^\0-\x7f]/.test(bare)) {
    const ascii = domainToASCII(bare);
    const hint = ascii === '' || nameProblem(ascii) !== undefined ? '' : `: ${ascii}`;
    return `a name is written in ASCII${hint}`;
  }
  const labels = bare.split('.');
  if (!labels.every((label) => /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i.test(label))) {
    return 'a name is of letters, digits and inner hyphens, at most 63 between two dots';
  }
  // A resolver takes 1.2.3 for 1.2.0.3, and 0x7f.1 for 127.0.0.1. No top-level domain is a number.
  const last = labels.at(-1) ?? '';
  if (/^(\d+|0x[\da-f]*)$/i.test(last)) return 'it looks like an IPv4 address but is not valid';
  return undefined;
}

/** @throws {SktError} `ERR_ADDRESS` for what is neither an address nor a name. */
export function requireHost(host: string): string {
  if (isAddressText(host)) return host;
  const problem = typeof host === 'string' ? nameProblem(host) : 'it is not a string';
  if (problem === undefined) return host;
  throw new SktError(
    'ERR_ADDRESS',
    `A host is an address such as 127.0.0.1 or a name such as example.org, got ${showValue(host)}: ` +
      `${problem}.`,
  );
}

/**
 * The bytes of an address that {@link isAddressText}, without its zone; 4 or 16. IPv6's dotted tail is
 * made two groups first: ipaddr.js would take ::1.2.3.4 for ::ffff:1.2.3.4, another host.
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

/** What ::ffff:0:0/96 begins with: IPv4-mapped addresses (RFC 4291, section 2.5.5.2). */
const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** True for an IPv4-mapped IPv6 address, such as ::ffff:127.0.0.1. */
export function isMapped(host: string): boolean {
  const bytes = addressBytes(host);
  return bytes.length === 16 && mappedPrefix.every((byte, index) => bytes[index] === byte);
}

/** The bytes that say who is meant: a mapped address follows the rules of its IPv4 address. */
function meantBytes(host: string): number[] {
  const bytes = addressBytes(host);
  return isMapped(host) ? bytes.slice(mappedPrefix.length) : bytes;
}

/** True for 0.0.0.0, :: and ::ffff:0.0.0.0, however they are spelled. */
export function isUnspecified(host: string): boolean {
  return meantBytes(host).every((byte) => byte === 0);
}

/** True for an address of many hosts: multicast, and IPv4's broadcast. */
export function isGroup(host: string): boolean {
  const bytes = meantBytes(host);
  const [first = 0] = bytes;
  if (bytes.length === 16) return first === 0xff;
  return (first >= 224 && first < 240) || bytes.every((byte) => byte === 255);
}
