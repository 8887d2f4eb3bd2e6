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
}

/** All options, checked, with their defaults filled in. */
export interface CheckedConnectOptions {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly connection: CheckedConnectionOptions;
}

const isTime = (value: unknown) =>
  value === Number.POSITIVE_INFINITY ||
  (typeof value === 'number' && value >= 0 && value < 2 ** 31);

/** @throws {ReactorError} `ERR_REACTOR_ARGUMENT` naming the option. */
export function readConnectOptions(given: ConnectOptions): CheckedConnectOptions {
  const options = checkOptions(
    given,
    {
      ...connectionRules,
      signal: [(value) => value instanceof AbortSignal, 'an AbortSignal'],
      timeoutMs: [isTime, '0 to 2^31 - 1 milliseconds, or Infinity'],
    },
    'connect',
  );
  const { signal, timeoutMs = Number.POSITIVE_INFINITY, ...rest } = options;
  return { signal, timeoutMs, connection: readConnectionOptions(rest) };
}
