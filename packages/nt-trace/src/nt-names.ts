import * as nt from 'ntdllx';
import * as ws2_32 from 'ntdllx/ws2_32';

export const hex = (value: number | bigint) => `0x${value.toString(16)}`;

/** A time-out of NT as text. */
export function timeoutText(timeout100ns: bigint): string {
  if (timeout100ns === nt.INT64_MAX) return 'never';
  if (timeout100ns > 0n) return `at ${timeout100ns}`;
  return `${Number(-timeout100ns) / 10_000} ms`;
}

const pick = (names: readonly string[], from: object) =>
  new Map(
    names.map((name) => [Number((from as Record<string, number>)[name]) >>> 0, name] as const),
  );

const information = ['FileCompletionInformation', 'FileIoCompletionNotificationInformation'];
const ioctls = ['SIO_BASE_HANDLE', 'SIO_BSP_HANDLE', 'SIO_BSP_HANDLE_SELECT'].concat([
  'SIO_BSP_HANDLE_POLL',
  'SIO_UDP_CONNRESET',
  'SIO_UDP_NETRESET',
]);
const socketOptions = [
  'SO_EXCLUSIVEADDRUSE',
  'SO_REUSEADDR',
  'SO_KEEPALIVE',
  'SO_BROADCAST',
].concat(['SO_LINGER', 'SO_OOBINLINE', 'SO_SNDBUF', 'SO_RCVBUF', 'SO_ERROR', 'SO_CONNECT_TIME']);

/** By parameter: the names of the numbers that it takes. */
export const names: Readonly<Record<string, ReadonlyMap<number, string>>> = {
  IoControlCode: pick(['IOCTL_AFD_POLL'], nt),
  FileInformationClass: pick(information, nt),
  IoCompletionInformationClass: pick(['IoCompletionBasicInformation'], nt),
  IoStatus: new Map(),
  af: pick(['AF_UNIX', 'AF_INET', 'AF_INET6'], ws2_32),
  type: pick(['SOCK_STREAM', 'SOCK_DGRAM'], ws2_32),
  protocol: pick(['IPPROTO_TCP', 'IPPROTO_UDP'], ws2_32),
  cmd: pick(['FIONBIO'], ws2_32),
  dwIoControlCode: pick(ioctls, ws2_32),
  level: pick(['SOL_SOCKET', 'IPPROTO_TCP', 'IPPROTO_IPV6'], ws2_32),
  how: pick(['SD_RECEIVE', 'SD_SEND', 'SD_BOTH'], ws2_32),
};

/** The name of a socket option, which depends on the level. */
export function optionName(level: number, option: number): string {
  const options: Record<number, ReadonlyMap<number, string>> = {
    [ws2_32.SOL_SOCKET]: pick(socketOptions, ws2_32),
    [ws2_32.IPPROTO_TCP]: pick(['TCP_NODELAY'], ws2_32),
    [ws2_32.IPPROTO_IPV6]: pick(['IPV6_V6ONLY'], ws2_32),
  };
  return options[level]?.get(option >>> 0) ?? String(option);
}

const skips = pick(['FILE_SKIP_COMPLETION_PORT_ON_SUCCESS', 'FILE_SKIP_SET_EVENT_ON_HANDLE'], nt);

/** FILE_SKIP_* flags as text. */
export function skipFlags(flags: number): string {
  const set = [...skips].filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return set.length === 0 ? hex(flags) : set.join('|');
}
