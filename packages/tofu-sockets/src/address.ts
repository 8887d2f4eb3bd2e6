import { isIPv4 } from 'node:net';
import { SktError } from './errors.js';

/** An IPv4 endpoint: dotted decimal and a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

function requireHost(host: string): string {
  if (typeof host === 'string' && isIPv4(host)) return host;
  const given = JSON.stringify(host);
  throw new SktError('ERR_ADDRESS', `A host is an IPv4 address such as 127.0.0.1, got ${given}.`);
}

function requirePort(port: number, least: number): number {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return port;
  throw new SktError('ERR_ADDRESS', `A port is a number from ${least} to 65535, got ${port}.`);
}

/** Where a TCP server listens. */
export class TCPServerAddress implements Endpoint {
  // Makes the type nominal: an object that only looks like an address was never checked.
  declare protected readonly isChecked: true;
  readonly kind = 'tcp-server';
  readonly host: string;
  readonly port: number;

  /**
   * @param host one of this host's IPv4 addresses, or 0.0.0.0 for all of them.
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
   * @param host the server's IPv4 address; not 0.0.0.0, which nobody can be reached at.
   * @param port 1 to 65535.
   * @throws {SktError} `ERR_ADDRESS` for anything else.
   */
  constructor(host: string, port: number) {
    this.host = requireHost(host);
    if (host === '0.0.0.0') {
      throw new SktError('ERR_ADDRESS', 'A client cannot connect to 0.0.0.0: name the server.');
    }
    this.port = requirePort(port, 1);
  }
}

/** Any address that a socket can be made from. */
export type SktAddress = TCPServerAddress | TCPClientAddress;
