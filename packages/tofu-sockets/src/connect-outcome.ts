import { type Kernel, nodeErrorName, showValue, WsaError } from 'ntdllx';
import {
  MSG_PEEK,
  SO_CONNECT_TIME,
  SO_ERROR,
  type SOCKET,
  SOCKET_ERROR,
  SOL_SOCKET,
  WSAECONNABORTED,
  WSAECONNRESET,
  WSAENOTCONN,
  WSAHOST_NOT_FOUND,
} from 'ntdllx/ws2_32';
import type { SktAddress } from './address.js';
import { withNativeName } from './native-name.js';
import { getIntOption, lastWsaError } from './native-skt.js';
import { isNothingAt } from './uds-files.js';

/** SO_CONNECT_TIME of a socket that was never connected. */
const notConnected = -1;

/** What recv says of a connection that was ended hard. */
const ends = [WSAECONNRESET, WSAECONNABORTED];

/** How a connect that was started goes: under way, done, or failed with a Winsock code above these. */
export const connectUnderWay = -1;
export const connectDone = 0;

/**
 * How a connect that was started goes. Allocates nothing while it is under way.
 *
 * SO_CONNECT_TIME says whether there is a connection, or was one. getpeername does not: Wine 10 knows
 * the peer of a connect that is under way, and Wine 8 forgets that of a connection that was reset.
 * Such a connection has no SO_ERROR; a peek distinguishes it:
 *
 * | | Wine 8, measured | Wine 10, measured | Windows, by documentation (unverified) |
 * |---|---|---|---|
 * | reset | 0 | WSAECONNRESET | WSAECONNRESET |
 * | reset, with data to read | the data | WSAECONNRESET | WSAECONNRESET |
 *
 * Under Wine 8 a connection that both sides ended in order before this call looks like a reset one.
 *
 * @returns {@link connectUnderWay}, {@link connectDone}, or the code of the failure.
 */
export function connectOutcome(kernel: Kernel, socket: SOCKET): number {
  const failure = getIntOption(kernel, socket, 'getsockopt(SO_ERROR)', SOL_SOCKET, SO_ERROR);
  if (failure !== 0) return failure;
  const call = 'getsockopt(SO_CONNECT_TIME)';
  const time = getIntOption(kernel, socket, call, SOL_SOCKET, SO_CONNECT_TIME);
  if (time === notConnected) return connectUnderWay;
  const peeked = kernel.recv(socket, new Uint8Array(1), 1, MSG_PEEK);
  if (peeked === SOCKET_ERROR) {
    // Of a connection that there is, only its end counts: what else recv refuses is recv's affair.
    const code = kernel.WSAGetLastError();
    return ends.includes(code) ? code : connectDone;
  }
  return peeked > 0 || hasPeer(kernel, socket) ? connectDone : WSAECONNRESET;
}

function hasPeer(kernel: Kernel, socket: SOCKET): boolean {
  const call = 'getpeername';
  return withNativeName(kernel, call, (name, length) => {
    if (kernel.getpeername(socket, name, length) !== SOCKET_ERROR) return true;
    const error = lastWsaError(kernel, call);
    if (error.wsaCode === WSAENOTCONN) return false;
    throw error;
  });
}

/**
 * The error of a connect that failed. Where the path of an AF_UNIX socket leads to nothing it is Node's
 * ENOENT, whatever Winsock's code is: that does not say so (WSAEINVAL, measured on Wine 11), and has other
 * causes.
 */
export function connectError(kernel: Kernel, to: SktAddress, code: number): WsaError {
  const call = 'connect';
  const isMissing = 'path' in to && isNothingAt(to.path, kernel);
  if (!isMissing) return new WsaError(call, code);
  return new WsaError(call, code, {
    node: nodeErrorName(WSAHOST_NOT_FOUND),
    advice: `There is no file at ${showValue(to.path)}: check the path, and that the server runs.`,
  });
}
