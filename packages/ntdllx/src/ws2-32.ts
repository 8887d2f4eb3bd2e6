/**
 * The functions and constants of Winsock that tofu-sockets uses. Nobody else imports this: sockets
 * go through `Skt`.
 *
 * @packageDocumentation
 */
import { bind as row } from './loader.js';
import type { Address } from './ntdll.js';
import type { StructLayout } from './structs/native-struct.js';

export * from './wsa-error-values.js';

/** A socket of Winsock: a kernel handle, or {@link INVALID_SOCKET}. */
export type SOCKET = number | bigint;

/** What a call that should return a socket returns on failure (winsock2.h). */
export const INVALID_SOCKET = 0xffff_ffff_ffff_ffffn;
/** What other calls return on failure (winsock2.h). */
export const SOCKET_ERROR = -1;

export const AF_INET = 2;
export const SOCK_STREAM = 1;
export const IPPROTO_TCP = 6;
export const SOL_SOCKET = 0xffff;
/** ~SO_REUSEADDR: the address is this socket's alone. */
export const SO_EXCLUSIVEADDRUSE = -5;
export const SOMAXCONN = 0x7fff_ffff;
/** Overlapped: needed to associate the socket with a port. */
export const WSA_FLAG_OVERLAPPED = 0x1;
/** Child processes do not get the socket. */
export const WSA_FLAG_NO_HANDLE_INHERIT = 0x80;
/** ioctlsocket: non-blocking or not. `cmd` is a signed long: pass `FIONBIO | 0`. */
export const FIONBIO = 0x8004_667e;
/** WSAIoctl: the handle of the base provider, below any layered one (mswsock.h). */
export const SIO_BASE_HANDLE = 0x4800_0022;

/** WSADATA, as far as this package reads it. */
export const WSADATA = { size: 408, fields: { wVersion: [0, 2] } } as const satisfies StructLayout;

/** sockaddr_in; port and address in network order. */
export const sockaddr_in = {
  size: 16,
  fields: { sin_family: [0, 2], sin_port: [2, 2], sin_addr: [4, 4], sin_zero: [8, 8] },
} as const satisfies StructLayout;

/** Starts Winsock for this process; counted by Winsock itself. @returns 0 or an error code. */
export const WSAStartup: (wVersionRequested: number, lpWSAData: Address) => number =
  row('WSAStartup');

/** Takes one WSAStartup back. */
export const WSACleanup: () => number = row('WSACleanup');

/** The error of this thread's last Winsock call that failed. Call it at once. */
export const WSAGetLastError: () => number = row('WSAGetLastError');

/** Creates a socket. @returns it, or INVALID_SOCKET. */
export const WSASocketW: (
  af: number,
  type: number,
  protocol: number,
  lpProtocolInfo: Address,
  g: number,
  dwFlags: number,
) => SOCKET = row('WSASocketW');

/** Asks a socket's provider something. Without `lpOverlapped` the memory is free again on return. */
export const WSAIoctl: (
  s: SOCKET,
  dwIoControlCode: number,
  lpvInBuffer: Address,
  cbInBuffer: number,
  lpvOutBuffer: Address,
  cbOutBuffer: number,
  lpcbBytesReturned: Address,
  lpOverlapped: Address,
  lpCompletionRoutine: Address,
) => number = row('WSAIoctl');

export const ioctlsocket: (s: SOCKET, cmd: number, argp: Address) => number = row('ioctlsocket');

export const setsockopt: (
  s: SOCKET,
  level: number,
  optname: number,
  optval: Address,
  optlen: number,
) => number = row('setsockopt');

export const bind: (s: SOCKET, name: Address, namelen: number) => number = row('bind');

export const listen: (s: SOCKET, backlog: number) => number = row('listen');

/** Accepts one connection. @returns its socket, or INVALID_SOCKET. */
export const accept: (s: SOCKET, addr: Address, addrlen: Address) => SOCKET = row('accept');

export const connect: (s: SOCKET, name: Address, namelen: number) => number = row('connect');

export const getsockname: (s: SOCKET, name: Address, namelen: Address) => number =
  row('getsockname');

export const getpeername: (s: SOCKET, name: Address, namelen: Address) => number =
  row('getpeername');

export const closesocket: (s: SOCKET) => number = row('closesocket');
