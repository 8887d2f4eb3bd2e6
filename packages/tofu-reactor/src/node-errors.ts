import { type NTSTATUS, ntStatusName, WsaError } from 'ntdllx';
import { SktError } from 'tofu-sockets';

/** An error in Node's words: what failed, how, and with whom. */
export interface NodeError extends Error {
  code: string;
  errno?: number;
  syscall?: string;
  address?: string;
  port?: number;
}

/** With whom: a host and a port, a path, or nothing. */
interface At {
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
}

/**
 * A failed connect or listen as Node words it: `connect ECONNREFUSED 127.0.0.1:80`. Winsock's own
 * words are its `cause`. What is no error of a socket comes back as it is.
 */
export function nodeError(syscall: string, error: unknown, at: At): Error {
  if (!(error instanceof WsaError || error instanceof SktError)) return error as Error;
  const made = inWords(syscall, error.code, at, error);
  if (error instanceof WsaError && error.errno !== undefined) made.errno = error.errno;
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

/** The peer reset the connection: `read ECONNRESET`. The number is libuv's, on Windows. */
export function resetError(syscall: 'read' | 'write'): Error {
  return Object.assign(inWords(syscall, 'ECONNRESET', {}), { errno: -4077 });
}

/** A call that failed while reading or writing. */
export function transferError(syscall: 'read' | 'write', error: unknown): Error {
  return nodeError(syscall, error, {});
}

/** The time for a connect is over. The number is libuv's, on Windows. */
export function timeoutError(at: At): Error {
  return Object.assign(inWords('connect', 'ETIMEDOUT', at), { errno: -4039 });
}

/** NT does not poll this socket: nothing would ever be reported of it. */
export function refusedError(status: NTSTATUS): Error {
  const error = new Error(`poll failed with ${ntStatusName(status)}.`) as NodeError;
  error.code = 'ERR_REACTOR_POLL';
  return error;
}
