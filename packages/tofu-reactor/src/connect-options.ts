import { isIP } from 'node:net';
import type { Endpoint } from 'tofu-sockets';
import {
  type CheckedConnectionOptions,
  type ConnectionOptions,
  connectionRules,
  readConnectionOptions,
} from './connection-options.js';
import { checkOptions } from './options.js';

/** Options of a connect and of its connection. */
export interface ConnectOptions extends ConnectionOptions {
  /**
   * Aborts the connect; with `open` it also closes the connection. The error is the signal's
   * reason.
   */
  readonly signal?: AbortSignal;
  /**
   * The time limit for the whole connect, including name resolution and all addresses, in
   * milliseconds; default Infinity.
   */
  readonly timeoutMs?: number;
  /**
   * The local endpoint that the socket is bound to: an IP address of the peer's family, and a
   * port, 0 for a free one. Only for TCP. Default: the system chooses both.
   */
  readonly local?: Endpoint;
}

/** All options, checked, with their defaults filled in. */
export interface CheckedConnectOptions {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly local: Endpoint | undefined;
  readonly connection: CheckedConnectionOptions;
}

const isTime = (value: unknown) =>
  value === Number.POSITIVE_INFINITY ||
  (typeof value === 'number' && value >= 0 && value < 2 ** 31);

const isLocal = (value: unknown) => {
  if (typeof value !== 'object' || value === null) return false;
  const { host, port } = value as Partial<Endpoint>;
  if (typeof host !== 'string' || isIP(host) === 0) return false;
  return Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535;
};

/** @throws {ReactorError} `ERR_REACTOR_ARGUMENT` naming the option. */
export function readConnectOptions(given: ConnectOptions): CheckedConnectOptions {
  const options = checkOptions(
    given,
    {
      ...connectionRules,
      signal: [(value) => value instanceof AbortSignal, 'an AbortSignal'],
      timeoutMs: [isTime, '0 to 2^31 - 1 milliseconds, or Infinity'],
      local: [isLocal, '{ host, port } with an IP address and a port, 0 for a free one'],
    },
    'connect',
  );
  const { signal, timeoutMs = Number.POSITIVE_INFINITY, local, ...rest } = options;
  return { signal, timeoutMs, local, connection: readConnectionOptions(rest) };
}
