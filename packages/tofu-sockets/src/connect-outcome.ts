import { type Kernel, WsaError } from 'ntdllx';
import {
  MSG_PEEK,
  SO_ERROR,
  type SOCKET,
  SOCKET_ERROR,
  SOL_SOCKET,
  WSAECONNABORTED,
  WSAECONNRESET,
  WSAENOTCONN,
  WSAEWOULDBLOCK,
} from 'ntdllx/ws2_32';
import { withNativeName } from './native-name.js';
import { getIntOption, lastWsaError } from './native-skt.js';

/** What recv says of a connection that was ended hard. */
const ends = [WSAECONNRESET, WSAECONNABORTED];

/**
 * How a connect that was started goes: under way, done, or failed with this error.
 *
 * A connection that is reset before finishConnect is called has no SO_ERROR, and under Wine 8 no peer
 * name either, as one that is still under way. What tells these states apart is to peek:
 *
 * | | Wine 8, measured | Wine 10, measured | Windows, by documentation (unverified) |
 * |---|---|---|---|
 * | under way | WSAEWOULDBLOCK | WSAEWOULDBLOCK | WSAENOTCONN |
 * | reset | 0 | WSAECONNRESET | WSAECONNRESET |
 * | reset, with data to read | the data | WSAECONNRESET | WSAECONNRESET |
 *
 * Under Wine 8 a connection that both sides ended in order before this call looks like a reset one.
 */
export function connectOutcome(kernel: Kernel, socket: SOCKET): 'started' | 'done' | WsaError {
  const before = connectFailure(kernel, socket);
  if (before !== undefined) return before;
  const isKnown = hasPeer(kernel, socket);
  const peeked = kernel.recv(socket, new Uint8Array(1), 1, MSG_PEEK);
  if (peeked > 0) return 'done';
  if (peeked === SOCKET_ERROR) {
    const { wsaCode } = lastWsaError(kernel, 'recv(MSG_PEEK)');
    // Of a connection that there is, only its end counts: what else recv refuses is recv's affair.
    if (isKnown && !ends.includes(wsaCode)) return 'done';
    const isUnderWay = wsaCode === WSAENOTCONN || wsaCode === WSAEWOULDBLOCK;
    return isUnderWay ? 'started' : new WsaError('connect', wsaCode);
  }
  if (isKnown) return 'done';
  // The end of the stream. Asked again, for the connect may have ended between these calls: a
  // refused one has its error now, and a peer that left in order its name.
  const after = connectFailure(kernel, socket);
  if (after !== undefined) return after;
  return hasPeer(kernel, socket) ? 'done' : new WsaError('connect', WSAECONNRESET);
}

function connectFailure(kernel: Kernel, socket: SOCKET): WsaError | undefined {
  const code = getIntOption(kernel, socket, 'getsockopt(SO_ERROR)', [SOL_SOCKET, SO_ERROR]);
  return code === 0 ? undefined : new WsaError('connect', code);
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
