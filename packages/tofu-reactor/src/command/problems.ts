import type { Kernel } from 'ntdllx';
import { formatAddress, UDSClientAddress, UDSServerAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/on-kernel';
import type { ConnectTo, ListenAt } from './arguments.js';
import { CommandError } from './command-error.js';

/** Why a listen failed and what to do, by the error's code. */
const listenAdvice: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there. End it, or use another port, or 0 for a free one',
  EACCES:
    'another program has the port for itself, or Windows has reserved it (netsh interface ipv4 ' +
    'show excludedportrange tcp lists such ports). Use another port',
  EADDRNOTAVAIL:
    "it is not one of this machine's addresses. Use 127.0.0.1, or one that ipconfig shows",
};

/** Why a connect failed and what to do, by the error's code. */
const connectAdvice: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'no server listens there. Start it, or correct the address',
  ECONNRESET: 'the server there reset the connection at once. See what it reports',
  ENOENT: 'there is no such file. Start the server, or correct the path',
  ETIMEDOUT: 'nothing answered in time. Check the address, and the firewall on the way',
  EACCES: 'this user may not connect to it. Check the permissions of the file and its directory',
  ENOTSOCK: 'the file is not a socket. Correct the path',
  EHOSTUNREACH: 'no route leads there. Check the address and the network',
  ENETUNREACH: 'no route leads there. Check the address and the network',
  ENOBUFS: 'the system has no ports or no memory left. Use fewer connections',
  ERR_RESOLVE: 'the host name has no address. Correct the name, or use an address',
};

const codeOf = (error: unknown) => String((error as { code?: unknown }).code ?? '');

/** The first line of an error, and of its cause if the cause says more. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const [line = ''] = message.split('\n');
  const [more = ''] = cause instanceof Error ? cause.message.split('\n') : [];
  return more === '' ? line : `${line}: ${more}`;
}

/** The error for a failed listen, in one line: the address, the probable cause, and what to do. */
export function listenError(at: ListenAt, error: unknown): CommandError {
  const advice = listenAdvice[codeOf(error)];
  const why = advice === undefined ? reasonOf(error) : `${advice} (${codeOf(error)}).`;
  return new CommandError(`Cannot listen on ${formatAddress(at)}: ${why}`, undefined, {
    cause: error,
  });
}

/** One line for a failed connect: the address, the probable cause, and what to do. */
export function connectProblem(to: ConnectTo, error: unknown): string {
  const advice = connectAdvice[codeOf(error)];
  const why = advice === undefined ? reasonOf(error) : `${advice} (${codeOf(error)}).`;
  return `Cannot connect to ${formatAddress(to)}: ${why}`;
}

/**
 * Checks what can be checked before the service starts: that this host has AF_UNIX where an address
 * needs it, and that no server runs at the path to listen on. Removes the file of a server that has
 * ended without removing it, because otherwise a service could not be restarted after it was
 * killed.
 *
 * @returns the path of the removed file; undefined if there was none.
 * @throws {CommandError}
 */
export function prepareAddresses(
  kernel: Kernel,
  listenAt: ListenAt,
  connectTo?: ConnectTo,
): string | undefined {
  const creator = createSocketCreator(kernel);
  if (connectTo instanceof UDSClientAddress) {
    try {
      creator.fromAddress(connectTo).close();
    } catch (error) {
      throw new CommandError(connectProblem(connectTo, error), undefined, { cause: error });
    }
  }
  if (!(listenAt instanceof UDSServerAddress)) return undefined;
  let state: string;
  try {
    state = creator.removeStale(listenAt);
  } catch (error) {
    throw listenError(listenAt, error);
  }
  if (state === 'removed') return listenAt.path;
  if (state === 'absent') return undefined;
  throw new CommandError(
    `Cannot listen on ${formatAddress(listenAt)}: another server listens there. End it, or use ` +
      'another path.',
  );
}
