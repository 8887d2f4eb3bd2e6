import { checkOptions } from './options.js';

/** How a connection behaves; every option has a default. */
export interface ConnectionOptions {
  /**
   * Whether this side goes on sending after the peer's end. `false`, the default, as in Node: the end
   * of the stream, once it was read, ends this side, too.
   */
  readonly allowHalfOpen?: boolean;
  /** TCP_NODELAY: send small data at once; default true. Ignored over AF_UNIX. */
  readonly noDelay?: boolean;
  /** SO_KEEPALIVE: ask an idle peer whether it is still there; default false. Ignored over AF_UNIX. */
  readonly keepAlive?: boolean;
}

/** All of them. */
export type CheckedConnectionOptions = Required<ConnectionOptions>;

const isBoolean = [(value: unknown) => typeof value === 'boolean', 'true or false'] as const;

/** What each option may be. */
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
