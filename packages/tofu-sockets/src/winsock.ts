import { type Kernel, WsaError } from 'ntdllx';
import { SOCKET_ERROR, WSADATA } from 'ntdllx/ws2_32';
import { borrow, freeScratch, keepScratch } from './borrow.js';

/** Winsock 2.2, the newest version. */
const winsockVersion = 0x0202;

const users = new WeakMap<Kernel, number>();

/**
 * Counts one more user of Winsock. The first user starts it.
 *
 * @throws {WsaError} if Winsock does not start; the user is not counted then.
 */
export function startWinsock(kernel: Kernel): void {
  const count = users.get(kernel) ?? 0;
  if (count === 0) start(kernel);
  users.set(kernel, count + 1);
}

function start(kernel: Kernel): void {
  // Before WSAStartup, because the allocation may fail, and WSAStartup would have to be undone
  // then.
  keepScratch(kernel);
  try {
    // The result is the error code itself: Winsock is not started, so WSAGetLastError does not
    // work.
    const code = borrow(kernel, WSADATA.size, (data) =>
      kernel.WSAStartup(winsockVersion, data.address),
    );
    if (code !== 0) throw new WsaError('WSAStartup', code);
  } catch (error) {
    freeScratch(kernel);
    throw error;
  }
}

/** Counts one user less. The last user stops Winsock. */
export function stopWinsock(kernel: Kernel): void {
  const count = (users.get(kernel) ?? 0) - 1;
  users.set(kernel, count);
  if (count === 0) freeScratch(kernel);
  if (count === 0 && kernel.WSACleanup() === SOCKET_ERROR) {
    throw new WsaError('WSACleanup', kernel.WSAGetLastError());
  }
}

/** How many sockets use Winsock in this thread. */
export function winsockUsers(kernel: Kernel): number {
  return users.get(kernel) ?? 0;
}
