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

/** The errors of recv on a connection that was reset. */
const ends = [WSAECONNRESET, WSAECONNABORTED];

/** Results of {@link connectOutcome}. A larger number is the Winsock code of a failure. */
export const connectUnderWay = -1;
export const connectDone = 0;

/**
 * Whether a connect that was started is pending, has succeeded or has failed. Allocates nothing
 * while it is pending.
 *
 * SO_CONNECT_TIME shows whether the socket is connected or was connected. getpeername cannot show
 * it: on Wine 10 it succeeds while the connect is still pending, and on Wine 8 it fails after a
 * reset.
 *
 * A connection that the peer has already reset has no SO_ERROR. Reading with MSG_PEEK reveals the
 * reset. This is what the read returns:
 *
 * | connection | Wine 8, measured | Wine 10, measured | Windows, by documentation (unverified) |
 * |---|---|---|---|
 * | reset | 0 | WSAECONNRESET | WSAECONNRESET |
 * | reset, with unread data | the data | WSAECONNRESET | WSAECONNRESET |
 *
 * Under Wine 8 a connection that both sides shut down (FIN) before this call cannot be
 * distinguished from a reset one.
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
    // Only a reset matters here. The program's own recv will report any other error.
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
 * The error of a failed connect. If there is no file at the path of an AF_UNIX socket, the error
 * has Node's ENOENT, whatever Winsock's code is. Winsock's code (WSAEINVAL, measured on Wine 11)
 * does not show that the file is missing, because it also has other causes.
 */
export function connectError(kernel: Kernel, to: SktAddress, code: number): WsaError {
  const call = 'connect';
  const isMissing = 'path' in to && isNothingAt(to.path, kernel);
  if (!isMissing) return new WsaError(call, code);
  return new WsaError(call, code, {
    node: nodeErrorName(WSAHOST_NOT_FOUND),
    advice: `No file exists at ${showValue(to.path)}: check the path, and that the server runs.`,
  });
}
