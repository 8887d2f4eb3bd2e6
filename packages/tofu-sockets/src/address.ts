import { isIP } from 'node:net';
import { SktError } from './errors.js';

/** One end of a connection, or of a datagram: an IPv4 or IPv6 address and a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The bytes that a path of AF_UNIX may have: 108 with the zero at its end. */
export const longestPathBytes = 107;

function requireHost(host: string): string {
  if (typeof host === 'string' && isIP(host) !== 0) return host;
  const given = JSON.stringify(host);
  throw new SktError('ERR_ADDRESS', `A host is an address such as 127.0.0.1 or ::1, got ${given}.`);
}

function requirePort(port: number, least: number): number {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return port;
  throw new SktError('ERR_ADDRESS', `A port is a number from ${least} to 65535, got ${port}.`);
}

function requireTarget(host: string): string {
  const isNobody = host === '0.0.0.0' || /^[0:]+$/.test(requireHost(host));
  if (!isNobody) return host;
  throw new SktError('ERR_ADDRESS', `Nobody can be reached at ${host}: name the server's address.`);
}

function requirePath(path: string): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    const given = JSON.stringify(path);
    throw new SktError('ERR_ADDRESS', `A socket's path is a text without zeros, got ${given}.`);
  }
  if (Buffer.from(path).toString() !== path) {
    throw new SktError('ERR_ADDRESS', "A socket's path is UTF-8, this one has half a character.");
  }
  const bytes = Buffer.byteLength(path);
  if (bytes <= longestPathBytes) return path;
  throw new SktError(
    'ERR_ADDRESS',
    `A socket's path has at most ${longestPathBytes} bytes of UTF-8, this one has ${bytes}.`,
  );
}

/** Where a TCP server listens. */
export class TCPServerAddress implements Endpoint {
  // Makes the type nominal: an object that only looks like an address was never checked.
  declare protected readonly isChecked: true;
  readonly kind = 'tcp-server';
  readonly host: string;
  readonly port: number;

  /**
   * @param host one of this host's addresses; 0.0.0.0 or :: for all of them.
   * @param port 1 to 65535, or 0 for a free one that the system chooses.
   * @throws {SktError} `ERR_ADDRESS` for anything else.
   */
  constructor(host = '127.0.0.1', port = 0) {
    this.host = requireHost(host);
    this.port = requirePort(port, 0);
  }
}

/** Where a TCP client connects to. */
export class TCPClientAddress implements Endpoint {
  declare protected readonly isChecked: true;
  readonly kind = 'tcp-client';
  readonly host: string;
  readonly port: number;

  /**
   * @param host the server's address; not 0.0.0.0 or ::, which nobody can be reached at.
   * @param port 1 to 65535.
   * @throws {SktError} `ERR_ADDRESS` for anything else.
   */
  constructor(host: string, port: number) {
    this.host = requireTarget(host);
    this.port = requirePort(port, 1);
  }
}

/** Where a UDP socket is bound to. */
export class UDPAddress implements Endpoint {
  declare protected readonly isChecked: true;
  readonly kind = 'udp';
  readonly host: string;
  readonly port: number;

  /**
   * @param host one of this host's addresses; 0.0.0.0 or :: for all of them.
   * @param port 1 to 65535, or 0 for a free one that the system chooses.
   * @throws {SktError} `ERR_ADDRESS` for anything else.
   */
  constructor(host = '127.0.0.1', port = 0) {
    this.host = requireHost(host);
    this.port = requirePort(port, 0);
  }
}

/** Where a server listens on a Unix domain socket. */
export class UDSServerAddress {
  declare protected readonly isChecked: true;
  readonly kind = 'uds-server';
  readonly path: string;

  /**
   * @param path a file that does not exist yet, at most 107 bytes of UTF-8.
   * @throws {SktError} `ERR_ADDRESS` for anything else; nothing is cut off.
   */
  constructor(path: string) {
    this.path = requirePath(path);
  }
}

/** Where a client of a Unix domain socket connects to. */
export class UDSClientAddress {
  declare protected readonly isChecked: true;
  readonly kind = 'uds-client';
  readonly path: string;

  /**
   * @param path the server's file, at most 107 bytes of UTF-8.
   * @throws {SktError} `ERR_ADDRESS` for anything else; nothing is cut off.
   */
  constructor(path: string) {
    this.path = requirePath(path);
  }
}

/** Any address that a socket can be made from. */
export type SktAddress =
  | TCPServerAddress
  | TCPClientAddress
  | UDPAddress
  | UDSServerAddress
  | UDSClientAddress;

/** True for an object that a constructor of this module made, and checked. */
export function isSktAddress(value: unknown): value is SktAddress {
  return [TCPServerAddress, TCPClientAddress, UDPAddress, UDSServerAddress, UDSClientAddress].some(
    (kind) => value instanceof kind,
  );
}
