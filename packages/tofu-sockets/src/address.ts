import { showValue } from 'ntdllx';
import { SktError } from './errors.js';
import { isAddressText, isGroup, isUnspecified, requireHost, requireIP } from './host.js';

/** One end of a connection over IP, or of a datagram: an IPv4 or IPv6 address and a port. */
export interface Endpoint {
  /** An IPv4 or IPv6 address as text. */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
}

/**
 * One end of a connection over AF_UNIX: the path of its file, or '' if the socket is not bound.
 */
export interface PathEndpoint {
  /** As the program passed it to bind. */
  readonly path: string;
}

/** One end of a connection. Its type depends on the address from which the socket was made. */
export type SktEndpoint = Endpoint | PathEndpoint;

/** The maximum length of an AF_UNIX path in bytes; with the terminating zero there are 108. */
export const longestPathBytes = 107;

/** tofu's port, the default of a client. */
export const defaultPort = 7099;

/** @throws {SktError} `ERR_ADDRESS` if `port` is not a number from `least` to 65535. */
export function requirePort(port: number, least: number): number {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return port;
  throw new SktError(
    'ERR_ADDRESS',
    `A port must be a whole number from ${least} to 65535, got ${showValue(port)}.`,
  );
}

function refuseGroup(host: string): string {
  if (!isGroup(host)) return host;
  throw new SktError(
    'ERR_ADDRESS',
    `${host} is a multicast or broadcast address, but TCP connects two hosts: give the address of ` +
      'one host.',
  );
}

function requireTarget(host: string): string {
  if (!isAddressText(host)) return requireHost(host);
  if (!isUnspecified(host)) return refuseGroup(host);
  throw new SktError(
    'ERR_ADDRESS',
    `A client cannot connect to ${host}, which stands for every address of a host: give the ` +
      "server's address.",
  );
}

function requirePath(path: string): string {
  if (typeof path !== 'string' || path === '') {
    throw new SktError(
      'ERR_ADDRESS',
      `The path of an AF_UNIX socket must be a string that is not empty, got ${showValue(path)}.`,
    );
  }
  const bytes = Buffer.byteLength(path);
  if (bytes > longestPathBytes) {
    throw new SktError(
      'ERR_ADDRESS',
      `The path of an AF_UNIX socket has at most ${longestPathBytes} bytes of UTF-8, but ` +
        `${showValue(path)} has ${bytes}: use a shorter directory or name.`,
    );
  }
  // NTFS does not allow control characters, a zero would end the path, and a line end a header.
  if ([...path].some((character) => character < ' ')) {
    throw new SktError(
      'ERR_ADDRESS',
      `The path of an AF_UNIX socket must not contain control characters, got ${showValue(path)}.`,
    );
  }
  if (Buffer.from(path).toString() === path) return path;
  throw new SktError(
    'ERR_ADDRESS',
    `The path ${showValue(path)} cannot be encoded as UTF-8, because it has an unpaired surrogate: ` +
      'check how the string was cut or decoded.',
  );
}

/**
 * The base of all addresses. Their constructors check the values, and the objects are frozen. Only
 * these constructors make addresses: an object with the same properties or prototype is refused.
 */
abstract class CheckedAddress {
  readonly #isChecked = true;

  /** True for an object that one of the constructors made. */
  static isChecked(value: unknown): boolean {
    return typeof value === 'object' && value !== null && #isChecked in value && value.#isChecked;
  }
}

/** The address on which a TCP server listens. Always an IP address, never a host name. */
export class TCPServerAddress extends CheckedAddress implements Endpoint {
  /** Distinguishes the kinds of addresses. */
  readonly kind = 'tcp-server';
  /** An IP address. */
  readonly host: string;
  /** 0 to 65535; 0 stands for a free port. */
  readonly port: number;

  /**
   * @param host one of this host's addresses; 0.0.0.0 or :: for all of them.
   * @param port 1 to 65535, or 0 for a free one that the system chooses.
   * @throws {SktError} `ERR_ADDRESS` for anything else.
   */
  constructor(host = '127.0.0.1', port = 0) {
    super();
    this.host = refuseGroup(requireIP(host));
    this.port = requirePort(port, 0);
    Object.freeze(this);
  }
}

/** The address to which a TCP client connects. */
export class TCPClientAddress extends CheckedAddress implements Endpoint {
  /** Distinguishes the kinds of addresses. */
  readonly kind = 'tcp-client';
  /** An IP address or a host name. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;

  /**
   * @param host the server's address, not 0.0.0.0 or ::, to which no client can connect; or its
   *   name in ASCII, kept as it is written, for `resolveAddress`. A last label that is a number is
   *   refused, because resolvers parse `1.2.3` as an IPv4 address.
   * @param port 1 to 65535.
   * @throws {SktError} `ERR_ADDRESS` for anything else.
   */
  constructor(host = '127.0.0.1', port: number = defaultPort) {
    super();
    this.host = requireTarget(host);
    this.port = requirePort(port, 1);
    Object.freeze(this);
  }

  /** True if the host is a name. Call `resolveAddress` then before making a socket. */
  get isName(): boolean {
    return !isAddressText(this.host);
  }
}

/** The address to which a UDP socket is bound. */
export class UDPAddress extends CheckedAddress implements Endpoint {
  /** Distinguishes the kinds of addresses. */
  readonly kind = 'udp';
  /** An IP address. */
  readonly host: string;
  /** 0 to 65535; 0 stands for a free port. */
  readonly port: number;

  /**
   * @param host one of this host's addresses; 0.0.0.0 or :: for all of them.
   * @param port 1 to 65535, or 0 for a free one that the system chooses.
   * @throws {SktError} `ERR_ADDRESS` for anything else.
   */
  constructor(host = '127.0.0.1', port = 0) {
    super();
    this.host = requireIP(host);
    this.port = requirePort(port, 0);
    Object.freeze(this);
  }
}

/** The path on which a server listens, with a Unix domain socket. */
export class UDSServerAddress extends CheckedAddress {
  /** Distinguishes the kinds of addresses. */
  readonly kind = 'uds-server';
  /** The path, unchanged. */
  readonly path: string;

  /**
   * @param path a file that does not exist yet, at most 107 bytes of UTF-8, no control characters.
   * @throws {SktError} `ERR_ADDRESS` for anything else; nothing is cut off.
   */
  constructor(path: string) {
    super();
    this.path = requirePath(path);
    Object.freeze(this);
  }
}

/** The path to which a client connects, with a Unix domain socket. */
export class UDSClientAddress extends CheckedAddress {
  /** Distinguishes the kinds of addresses. */
  readonly kind = 'uds-client';
  /** The path, unchanged. */
  readonly path: string;

  /**
   * @param path the server's file, at most 107 bytes of UTF-8, no control characters.
   * @throws {SktError} `ERR_ADDRESS` for anything else; nothing is cut off.
   */
  constructor(path: string) {
    super();
    this.path = requirePath(path);
    Object.freeze(this);
  }
}

/** Any address from which a socket can be made. */
export type SktAddress =
  | TCPServerAddress
  | TCPClientAddress
  | UDPAddress
  | UDSServerAddress
  | UDSClientAddress;

/** The address of a client that connects to a listener with this endpoint. */
export function clientAddressOf(listener: Endpoint): TCPClientAddress;
export function clientAddressOf(listener: PathEndpoint): UDSClientAddress;
export function clientAddressOf(listener: SktEndpoint): TCPClientAddress | UDSClientAddress;
export function clientAddressOf(listener: SktEndpoint): TCPClientAddress | UDSClientAddress {
  if ('path' in listener) return new UDSClientAddress(listener.path);
  return new TCPClientAddress(listener.host, listener.port);
}

/** True for an address that a constructor of this module made. */
export function isSktAddress(value: unknown): value is SktAddress {
  return CheckedAddress.isChecked(value);
}

/** @throws {SktError} `ERR_ADDRESS` for a value that no constructor of this module made. */
export function requireAddress(value: unknown, call: string): SktAddress {
  if (isSktAddress(value)) return value;
  throw new SktError(
    'ERR_ADDRESS',
    `${call} takes an address that a constructor made, such as new TCPServerAddress(); ` +
      `got ${showValue(value)}.`,
  );
}
