import { type Kernel, showValue } from 'ntdllx';
import {
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_BROADCAST,
  SO_EXCLUSIVEADDRUSE,
  SO_KEEPALIVE,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_SNDBUF,
  type SOCKET,
  SOL_SOCKET,
  TCP_NODELAY,
} from 'ntdllx/ws2_32';
import { SktError } from './errors.js';
import { getIntOption, setIntOption } from './native-skt.js';

/** The options of a socket. Each is a boolean or a number of bytes. */
export interface SktOptions {
  /** TCP_NODELAY: send small data at once. */
  noDelay: boolean;
  /** SO_KEEPALIVE: probe whether an idle peer still exists. */
  keepAlive: boolean;
  /** SO_BROADCAST: a UDP socket may send to broadcast addresses. */
  broadcast: boolean;
  /** SO_OOBINLINE: out-of-band data is received in line with the normal data. */
  oobInline: boolean;
  /** SO_EXCLUSIVEADDRUSE: no other socket can bind to the address. On by default before a bind. */
  exclusiveAddress: boolean;
  /** SO_REUSEADDR. Never on by default. Winsock refuses it while exclusiveAddress is on. */
  reuseAddress: boolean;
  /** IPV6_V6ONLY: an IPv6 socket does not accept IPv4. Winsock's default is on. */
  v6Only: boolean;
  /** SO_SNDBUF, in bytes. The system may round. */
  sendBufferBytes: number;
  /** SO_RCVBUF, in bytes. The system may round. */
  receiveBufferBytes: number;
}

const names = {
  noDelay: ['TCP_NODELAY', IPPROTO_TCP, TCP_NODELAY],
  keepAlive: ['SO_KEEPALIVE', SOL_SOCKET, SO_KEEPALIVE],
  broadcast: ['SO_BROADCAST', SOL_SOCKET, SO_BROADCAST],
  oobInline: ['SO_OOBINLINE', SOL_SOCKET, SO_OOBINLINE],
  exclusiveAddress: ['SO_EXCLUSIVEADDRUSE', SOL_SOCKET, SO_EXCLUSIVEADDRUSE],
  reuseAddress: ['SO_REUSEADDR', SOL_SOCKET, SO_REUSEADDR],
  v6Only: ['IPV6_V6ONLY', IPPROTO_IPV6, IPV6_V6ONLY],
  sendBufferBytes: ['SO_SNDBUF', SOL_SOCKET, SO_SNDBUF],
  receiveBufferBytes: ['SO_RCVBUF', SOL_SOCKET, SO_RCVBUF],
} as const satisfies Record<keyof SktOptions, readonly [string, number, number]>;

const isNumber = (option: keyof SktOptions) => option.endsWith('Bytes');

/** @throws {SktError} `ERR_SKT_ARGUMENT` if there is no option of that name. */
function requireOption(option: keyof SktOptions): void {
  // An object could convert to another name each time it is used.
  if (typeof option === 'string' && Object.hasOwn(names, option)) return;
  const known = Object.keys(names).join(', ');
  throw new SktError(
    'ERR_SKT_ARGUMENT',
    `A socket has no option ${showValue(option)}: check the spelling. Its options are ${known}.`,
  );
}

/** Reads an option. */
export function getOption<K extends keyof SktOptions>(
  kernel: Kernel,
  socket: SOCKET,
  option: K,
): SktOptions[K] {
  requireOption(option);
  const [name, level, code] = names[option];
  const value = getIntOption(kernel, socket, `getsockopt(${name})`, level, code);
  return (isNumber(option) ? value : value !== 0) as SktOptions[K];
}

/** @throws {SktError} `ERR_SKT_ARGUMENT` if there is no such option, or the value is invalid. */
export function requireValue(option: keyof SktOptions, value: unknown): void {
  requireOption(option);
  const isFit = isNumber(option)
    ? Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31
    : typeof value === 'boolean';
  if (isFit) return;
  const wanted = isNumber(option) ? 'a number of bytes from 0 to 2^31 - 1' : 'true or false';
  throw new SktError(
    'ERR_SKT_ARGUMENT',
    `The option ${option} must be ${wanted}, got ${showValue(value)}.`,
  );
}

/** Sets an option. Throws before the call if the value is invalid. */
export function setOption<K extends keyof SktOptions>(
  kernel: Kernel,
  socket: SOCKET,
  option: K,
  value: SktOptions[K],
): void {
  requireValue(option, value);
  const [name, level, code] = names[option];
  setIntOption(kernel, socket, `setsockopt(${name})`, level, code, Number(value));
}
