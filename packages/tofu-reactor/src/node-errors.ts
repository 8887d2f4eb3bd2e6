import { type NTSTATUS, ntStatusName, WsaError } from 'ntdllx';
import { SktError } from 'tofu-sockets';

/**
 * An error with the message and the properties of Node's errors: the call, the code and the peer.
 */
export interface NodeError extends Error {
  /** Node's code, such as `ECONNREFUSED`. */
  code: string;
  /** libuv's number of the code on Windows, such as -4078. */
  errno?: number;
  /** The operation: `connect`, `read`, `write`, `listen`, … */
  syscall?: string;
  /** The host or the path. */
  address?: string;
  /** The port, over IP. */
  port?: number;
}

/** The address in an error: a host and a port, a path, or nothing. */
interface At {
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
}

/**
 * Converts an error of a socket into one like Node's, such as `connect ECONNREFUSED 127.0.0.1:80`.
 * The original error is its `cause`. Any other error is returned unchanged.
 */
export function nodeError(syscall: string, error: unknown, at: At): Error {
  if (!(error instanceof WsaError || error instanceof SktError)) return error as Error;
  // A host without AF_UNIX, or without IPv6.
  const isUnsupported = error.code === 'ERR_SKT_UNSUPPORTED';
  const made = inWords(syscall, isUnsupported ? 'EAFNOSUPPORT' : error.code, at, error);
  const errno = isUnsupported ? -4089 : (error as WsaError).errno;
  if (errno !== undefined) made.errno = errno;
  return made;
}

function inWords(syscall: string, code: string, at: At, cause?: Error): NodeError {
  const { path, host, port } = at;
  const where = path ?? (port === undefined ? host : `${host}:${port}`);
  const message = `${syscall} ${code}${where === undefined ? '' : ` ${where}`}`;
  const made = new Error(message, cause === undefined ? {} : { cause }) as NodeError;
  made.code = code;
  made.syscall = syscall;
  const address = path ?? host;
  if (address !== undefined) made.address = address;
  if (port !== undefined) made.port = port;
  return made;
}

/**
 * The error for a connection that the peer reset: `read ECONNRESET`. The number is that of libuv
 * on Windows.
 */
export function resetError(syscall: 'read' | 'write'): Error {
  return Object.assign(inWords(syscall, 'ECONNRESET', {}), { errno: -4077 });
}

/** The error for a failed send or receive. */
export function transferError(syscall: 'read' | 'write', error: unknown): Error {
  return nodeError(syscall, error, {});
}

/** The error for a connect whose time is over. The number is that of libuv on Windows. */
export function timeoutError(at: At): Error {
  return Object.assign(inWords('connect', 'ETIMEDOUT', at), { errno: -4039 });
}

/** The error for a socket that NT refused to poll. No event of it would ever be reported. */
export function refusedError(status: NTSTATUS): Error {
  const message =
    `poll failed with ${ntStatusName(status)}: NT reports no events of this socket. Most likely ` +
    'other code closed it, or memory of the kernel is used up. Open another socket.';
  const error = new Error(message) as NodeError;
  error.code = 'ERR_REACTOR_POLL';
  return error;
}
