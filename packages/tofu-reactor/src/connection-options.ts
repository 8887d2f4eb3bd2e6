import { checkOptions } from './options.js';

/** Options of a connection; every option has a default. */
export interface ConnectionOptions {
  /**
   * Whether this side may send after the peer has ended its side. With `false`, the default, as in
   * Node, the connection ends its own side when the program has read the end of the stream.
   */
  readonly allowHalfOpen?: boolean;
  /** TCP_NODELAY: the system sends small data at once; default true. Ignored over AF_UNIX. */
  readonly noDelay?: boolean;
  /** SO_KEEPALIVE: the system probes an idle peer; default false. Ignored over AF_UNIX. */
  readonly keepAlive?: boolean;
}

/** All options, with their defaults filled in. */
export type CheckedConnectionOptions = Required<ConnectionOptions>;

const isBoolean = [(value: unknown) => typeof value === 'boolean', 'true or false'] as const;

/** The valid values of each option. */
export const connectionRules = {
  allowHalfOpen: isBoolean,
  noDelay: isBoolean,
  keepAlive: isBoolean,
};

/** @throws {ReactorError} `ERR_REACTOR_ARGUMENT` naming the option. */
export function readConnectionOptions(given: ConnectionOptions): CheckedConnectionOptions {
  const options = checkOptions(given, connectionRules, 'A connection');
  return { allowHalfOpen: false, noDelay: true, keepAlive: false, ...options };
}
