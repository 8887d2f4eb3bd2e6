import {
  type CheckedConnectionOptions,
  type ConnectionOptions,
  connectionRules,
  readConnectionOptions,
} from './connection-options.js';
import { checkOptions } from './options.js';

/** Options of a server and of its connections. */
export interface ListenOptions extends ConnectionOptions {
  /** The length of the system's backlog; default: the system's maximum. */
  readonly backlog?: number;
  /** See `Server.maxConnections`; default Infinity. */
  readonly maxConnections?: number;
  /** A server on `::` also accepts IPv4 connections unless this is true; default false. */
  readonly ipv6Only?: boolean;
}

/** All options, checked, with their defaults filled in. */
export interface CheckedListenOptions {
  readonly backlog: number | undefined;
  readonly maxConnections: number;
  readonly ipv6Only: boolean;
  readonly connection: CheckedConnectionOptions;
}

const isCount = (value: unknown) => typeof value === 'number' && value >= 0;

/** @throws {ReactorError} `ERR_REACTOR_ARGUMENT` naming the option. */
export function readListenOptions(given: ListenOptions): CheckedListenOptions {
  const options = checkOptions(
    given,
    {
      ...connectionRules,
      backlog: [(value) => Number.isInteger(value) && Number(value) >= 1, 'a whole number from 1'],
      maxConnections: [isCount, 'a number from 0'],
      ipv6Only: connectionRules.noDelay,
    },
    'listen',
  );
  const { backlog, maxConnections = Number.POSITIVE_INFINITY, ipv6Only = false, ...rest } = options;
  return { backlog, maxConnections, ipv6Only, connection: readConnectionOptions(rest) };
}
