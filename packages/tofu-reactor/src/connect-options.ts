import {
  type CheckedConnectionOptions,
  type ConnectionOptions,
  connectionRules,
  readConnectionOptions,
} from './connection-options.js';
import { checkOptions } from './options.js';

/** How to connect, and what the connection gets. */
export interface ConnectOptions extends ConnectionOptions {
  /** Ends the connect, and with `open` the connection, too; the error is its reason. */
  readonly signal?: AbortSignal;
  /** How long all of it may take, names and several addresses included; default Infinity. */
  readonly timeoutMs?: number;
}

/** All of them, checked. */
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
