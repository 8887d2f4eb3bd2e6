import { type Kernel, WsaError } from 'ntdllx';
import { SOCKET_ERROR, WSADATA } from 'ntdllx/ws2_32';
import { borrow, freeScratch, keepScratch } from './borrow.js';

/** Winsock 2.2, the only version there is. */
const winsockVersion = 0x0202;

const users = new WeakMap<Kernel, number>();

/**
 * Counts one more user of Winsock; the first one starts it.
 *
 * @throws {WsaError} when it does not start; then nothing was counted, and nothing is kept.
 */
export function startWinsock(kernel: Kernel): void {
  const count = users.get(kernel) ?? 0;
  if (count === 0) start(kernel);
  users.set(kernel, count + 1);
}

function start(kernel: Kernel): void {
  // First, for it may fail: a start of Winsock would have to be taken back.
  keepScratch(kernel);
  try {
    // Winsock is not up, so the code is the result itself: WSAGetLastError cannot be asked.
    const code = borrow(kernel, WSADATA.size, (data) =>
      kernel.WSAStartup(winsockVersion, data.address),
    );
    if (code !== 0) throw new WsaError('WSAStartup', code);
  } catch (error) {
    freeScratch(kernel);
    throw error;
  }
}

/** Counts one user less; the last one stops Winsock. */
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
