import { getSystemErrorMap } from 'node:util';
import { showValue } from 'ntdllx';
import { SktError } from 'tofu-sockets';
import type { NodeError } from '../node-errors.js';

// Errors with the codes and the messages of Node's own: programs and libraries branch on the codes.

function typed<E extends Error>(error: E, code: string): E & { code: string } {
  return Object.assign(error, { code });
}

/** `ERR_INVALID_ARG_TYPE` */
export function wrongType(name: string, wanted: string, given: unknown): TypeError {
  const what = name.includes('.') ? 'property' : 'argument';
  return typed(
    new TypeError(`The "${name}" ${what} must be ${wanted}. Received ${showValue(given)}`),
    'ERR_INVALID_ARG_TYPE',
  );
}

/** `ERR_INVALID_ARG_VALUE` */
export function wrongValue(name: string, given: unknown, why = 'is invalid'): TypeError {
  const what = name.includes('.') ? 'property' : 'argument';
  return typed(
    new TypeError(`The ${what} '${name}' ${why}. Received ${showValue(given)}`),
    'ERR_INVALID_ARG_VALUE',
  );
}

/** `ERR_OUT_OF_RANGE` */
export function outOfRange(name: string, wanted: string, given: unknown): RangeError {
  return typed(
    new RangeError(
      `The value of "${name}" is out of range. It must be ${wanted}. Received ${showValue(given)}`,
    ),
    'ERR_OUT_OF_RANGE',
  );
}

/** `ERR_SOCKET_BAD_PORT` */
export function wrongPort(name: string, given: unknown): RangeError {
  return typed(
    new RangeError(`${name} should be >= 0 and < 65536. Received ${showValue(given)}.`),
    'ERR_SOCKET_BAD_PORT',
  );
}

const messages = {
  ERR_SOCKET_CLOSED: 'Socket is closed',
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION: 'Socket closed before the connection was established',
  ERR_SERVER_NOT_RUNNING: 'Server is not running.',
  ERR_SERVER_ALREADY_LISTEN: 'Listen method has been called more than once without closing.',
  EPIPE: 'This socket has been ended by the other party',
} as const;

/** An error of Node that always has the same message. */
export function fixedError(code: keyof typeof messages): Error {
  return typed(new Error(messages[code]), code);
}

/** The error of a write that was pending when its socket was destroyed. */
export function cancelledWrite(): Error {
  return Object.assign(typed(new Error('write ECANCELED'), 'ECANCELED'), {
    errno: -4081,
    syscall: 'write',
  });
}

/** libuv's numbers on Windows. */
const errnoOf: Readonly<Record<string, number>> = { EADDRINUSE: -4091, ENOENT: -4058 };

/**
 * Adds libuv's description to the message of an error, as `node:net` does for a failed listen:
 * `listen EADDRINUSE: address already in use 127.0.0.1:80`. A path that is taken becomes
 * EADDRINUSE, and one whose directory is missing becomes ENOENT.
 */
export function listenError(error: unknown, isPathTaken: () => boolean): Error {
  const given = error as NodeError;
  const isFile = given.cause instanceof SktError && given.code === 'ERR_UDS_FILE';
  const code = isFile ? (isPathTaken() ? 'EADDRINUSE' : 'ENOENT') : given.code;
  if (given.syscall !== 'listen') return given;
  for (const [name, description] of getSystemErrorMap().values()) {
    if (name !== code) continue;
    const prefix = `listen ${given.code}`;
    given.message = given.message.replace(prefix, () => `listen ${code}: ${description}`);
    const errno = given.errno ?? errnoOf[code];
    return Object.assign(given, { code }, errno === undefined ? {} : { errno });
  }
  return given;
}
