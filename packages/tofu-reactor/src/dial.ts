import {
  type ConnectAddress,
  connectAddress,
  connectAddresses,
  type ReactorAddress,
} from './addresses.js';
import { connectInTurn } from './connect.js';
import type { CheckedConnectOptions } from './connect-options.js';
import { Connection, coreOf } from './connection.js';
import { ReactorError } from './errors.js';
import type { Host } from './host.js';
import { timeoutError } from './node-errors.js';

/** The callbacks of a connect; one of them is called. */
export interface DialOutcome {
  readonly connected: () => void;
  readonly failed: (error: Error) => void;
}

/**
 * Starts a connect: resolves names and tries the addresses one after another. Returns the
 * connection at once. Bytes that are written before it is connected are sent afterwards.
 *
 * @throws {ReactorError} `ERR_REACTOR_ARGUMENT` for an invalid address.
 */
export function dial(
  host: Host,
  to: ReactorAddress,
  { signal, timeoutMs, local, connection: options }: CheckedConnectOptions,
  outcome: DialOutcome,
): Connection {
  // Checks the address first, so that an error is thrown before anything is started.
  const first = connectAddress(to);
  if (signal?.aborted === true) throw signal.reason;
  const connection = new Connection(host, options);
  const core = coreOf(connection);
  const abort = () => connection.destroy(reasonOf(signal));
  const timer =
    timeoutMs === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(() => connection.destroy(timeoutError(first)), timeoutMs);
  const settle = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  };
  core.cancelConnect = settle;
  core.onOver = () => {
    settle();
    const closed = 'The connection was closed before it was established.';
    outcome.failed(core.error ?? new ReactorError('ERR_REACTOR_CLOSED', closed));
  };
  signal?.addEventListener('abort', abort, { once: true });
  const begin = (addresses: readonly ConnectAddress[]) => {
    if (core.isClosed) return;
    let cancel: (() => void) | undefined;
    core.cancelConnect = () => {
      settle();
      cancel?.();
    };
    cancel = connectInTurn(host, { addresses, local }, ({ skt, isRegistered = false, error }) => {
      settle();
      if (skt === undefined) {
        connection.destroy(error);
        return;
      }
      core.onOver = undefined;
      core.attach(skt, isRegistered);
      if (core.isClosed) return;
      outcome.connected();
      if (!core.isClosed) core.begin(false);
    });
  };
  connectAddresses(to).then(begin, (error: Error) => connection.destroy(error));
  return connection;
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error
    ? reason
    : new Error('The connect was aborted.', { cause: reason });
}
