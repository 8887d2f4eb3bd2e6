import { type Kernel, WsaError } from 'ntdllx';
import {
  FIONBIO,
  INVALID_SOCKET,
  linger,
  SIO_BASE_HANDLE,
  SIO_BSP_HANDLE,
  SIO_BSP_HANDLE_POLL,
  SIO_BSP_HANDLE_SELECT,
  SO_LINGER,
  type SOCKET,
  SOCKET_ERROR,
  SOL_SOCKET,
  WSAENOTSOCK,
} from 'ntdllx/ws2_32';
import { borrow, giveBack, takeScratch } from './borrow.js';

/** Makes the error for the Winsock call that has just failed. */
export function lastWsaError(kernel: Kernel, call: string): WsaError {
  return new WsaError(call, kernel.WSAGetLastError());
}

/** False if `kernel` is not a kernel, or `socket` cannot be a socket handle. */
export function isSocket(kernel: Kernel, socket: SOCKET): boolean {
  if (typeof kernel?.closesocket !== 'function') return false;
  if (typeof socket === 'number') return Number.isSafeInteger(socket) && socket >= 0;
  return typeof socket === 'bigint' && socket >= 0n && socket < INVALID_SOCKET;
}

/** Makes a socket non-blocking. Called also for an accepted socket, which may be blocking. */
export function makeNonBlocking(kernel: Kernel, socket: SOCKET): void {
  borrow(kernel, 4, (on) => {
    on.writeU32(0, 1);
    if (kernel.ioctlsocket(socket, FIONBIO | 0, on.address) === SOCKET_ERROR) {
      throw lastWsaError(kernel, 'ioctlsocket(FIONBIO)');
    }
  });
}

function askHandle(kernel: Kernel, socket: SOCKET, code: number, call: string): bigint | WsaError {
  return borrow(kernel, 16, (out) => {
    const [handle, returned] = [out.address, out.address + 8];
    const result = kernel.WSAIoctl(socket, code, 0, 0, handle, 8, returned, 0, 0);
    return result === SOCKET_ERROR ? lastWsaError(kernel, call) : out.readU64(0);
  });
}

/**
 * The handle of the base provider. A layered provider may hide it. Then the search is as in mio:
 * three ioctls ask for the socket that the provider uses for select, for poll, and in general. If
 * such a socket is another one, it is asked for its base handle. Each ioctl is tried once, so the
 * search ends.
 *
 * @throws {WsaError} of the first ioctl, if all of them fail.
 */
export function findBaseHandle(kernel: Kernel, socket: SOCKET): number {
  const first = askHandle(kernel, socket, SIO_BASE_HANDLE, 'WSAIoctl(SIO_BASE_HANDLE)');
  if (!(first instanceof WsaError)) return Number(first);
  if (first.wsaCode === WSAENOTSOCK) throw first;
  for (const code of [SIO_BSP_HANDLE_SELECT, SIO_BSP_HANDLE_POLL, SIO_BSP_HANDLE]) {
    const below = askHandle(kernel, socket, code, 'WSAIoctl(SIO_BSP_HANDLE)');
    if (below instanceof WsaError || below === BigInt(socket)) continue;
    const base = askHandle(kernel, below, SIO_BASE_HANDLE, 'WSAIoctl(SIO_BASE_HANDLE)');
    if (!(base instanceof WsaError)) return Number(base);
  }
  throw first;
}

/** Makes close reset the connection. */
export function lingerZero(kernel: Kernel, socket: SOCKET): void {
  borrow(kernel, linger.size, (memory) => {
    memory.writeU16(linger.fields.l_onoff[0], 1);
    memory.writeU16(linger.fields.l_linger[0], 0);
    const { address } = memory;
    if (kernel.setsockopt(socket, SOL_SOCKET, SO_LINGER, address, linger.size) === SOCKET_ERROR) {
      throw lastWsaError(kernel, 'setsockopt(SO_LINGER)');
    }
  });
}

/** Sets an option whose value is an int. */
export function setIntOption(
  kernel: Kernel,
  socket: SOCKET,
  call: string,
  level: number,
  name: number,
  value: number,
): void {
  borrow(kernel, 4, (memory) => {
    memory.writeI32(0, value);
    if (kernel.setsockopt(socket, level, name, memory.address, 4) === SOCKET_ERROR) {
      throw lastWsaError(kernel, call);
    }
  });
}

/**
 * Reads an option whose value is an int. Allocates nothing if the shared scratch block is free.
 */
export function getIntOption(
  kernel: Kernel,
  socket: SOCKET,
  call: string,
  level: number,
  name: number,
): number {
  const scratch = takeScratch(kernel, 16);
  const { memory } = scratch;
  try {
    // Winsock stores only one byte for some options, so the other bytes must be zero before.
    memory.writeU32(0, 0);
    memory.writeI32(8, 4);
    const { address } = memory;
    const result = kernel.getsockopt(socket, level, name, address, address + 8);
    if (result === SOCKET_ERROR) throw lastWsaError(kernel, call);
    return memory.readI32(0);
  } finally {
    giveBack(kernel, scratch);
  }
}
