import { WsaError } from '../errors.js';
import * as wsa from '../ws2-32.js';
import { withMemory } from './memory.js';

/** Winsock 2.2, the only version there is. */
const winsockVersion = 0x0202;

/** Does something while Winsock runs. */
export function withWinsock<T>(work: () => T): T {
  const code = withMemory(wsa.WSADATA.size, ({ address }) =>
    wsa.WSAStartup(winsockVersion, address),
  );
  if (code !== 0) throw new WsaError('WSAStartup', code);
  try {
    return work();
  } finally {
    wsa.WSACleanup();
  }
}

function requireWsa(call: string, result: number): void {
  if (result === wsa.SOCKET_ERROR) throw new WsaError(call, wsa.WSAGetLastError());
}

/** Lends a socket. */
export function withSocket<T>(family: number, work: (socket: wsa.SOCKET) => T): T {
  const socket = wsa.WSASocketW(family, wsa.SOCK_STREAM, 0, 0, 0, wsa.WSA_FLAG_OVERLAPPED);
  if (BigInt(socket) === wsa.INVALID_SOCKET) {
    throw new WsaError('WSASocketW', wsa.WSAGetLastError());
  }
  try {
    return work(socket);
  } finally {
    wsa.closesocket(socket);
  }
}

/** Has a socket listen on 127.0.0.1. @returns its sockaddr_in. */
export function listenOnLoopback(socket: wsa.SOCKET): Uint8Array {
  const { size, fields } = wsa.sockaddr_in;
  return withMemory(size + 8, (memory) => {
    const { address } = memory;
    memory.writeU16(fields.sin_family[0], wsa.AF_INET);
    memory.write(fields.sin_addr[0], Uint8Array.of(127, 0, 0, 1));
    memory.writeI32(size, size);
    requireWsa('bind', wsa.bind(socket, address, size));
    requireWsa('listen', wsa.listen(socket, 1));
    requireWsa('getsockname', wsa.getsockname(socket, address, address + size));
    return memory.read(0, size);
  });
}

/** Connects to a listener on this host, which is done when its backlog has the connection. */
export function connectTo(socket: wsa.SOCKET, sockaddr: Uint8Array): void {
  withMemory(sockaddr.length, (memory) => {
    memory.write(0, sockaddr);
    requireWsa('connect', wsa.connect(socket, memory.address, sockaddr.length));
  });
}

/** The handle that AFD knows the socket by. */
export function baseHandleOf(socket: wsa.SOCKET): bigint {
  return withMemory(16, (out) => {
    const [handle, returned] = [out.address, out.address + 8];
    const asked = wsa.WSAIoctl(socket, wsa.SIO_BASE_HANDLE, 0, 0, handle, 8, returned, 0, 0);
    requireWsa('WSAIoctl(SIO_BASE_HANDLE)', asked);
    return out.readU64(0);
  });
}
