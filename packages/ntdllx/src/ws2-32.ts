/**
 * The functions and constants of Winsock that tofu-sockets uses. Other packages use sockets
 * through the `Skt` of tofu-sockets.
 *
 * @packageDocumentation
 */
import { bind as row } from './loader.js';
import type { Address } from './ntdll.js';
import type { StructLayout } from './structs/native-struct.js';

export * from './wsa-error-values.js';

/** A socket of Winsock: a kernel handle, or {@link INVALID_SOCKET}. */
export type SOCKET = number | bigint;

/** A failed call that returns a socket returns this (winsock2.h). */
export const INVALID_SOCKET = 0xffff_ffff_ffff_ffffn;
/** Other failed calls return this (winsock2.h). */
export const SOCKET_ERROR = -1;

/** Address family: Unix domain sockets, if the host has them (ws2def.h). */
export const AF_UNIX = 1;
/** Address family: IPv4. */
export const AF_INET = 2;
/** Address family: IPv6. Not the number of Linux. */
export const AF_INET6 = 23;
/** Socket type: a stream of bytes. */
export const SOCK_STREAM = 1;
/** Socket type: datagrams. */
export const SOCK_DGRAM = 2;
/** Protocol TCP; also the level of {@link TCP_NODELAY}. */
export const IPPROTO_TCP = 6;
/** Protocol UDP. */
export const IPPROTO_UDP = 17;
/** The level of {@link IPV6_V6ONLY}. */
export const IPPROTO_IPV6 = 41;
/** The level of the SO_* options. */
export const SOL_SOCKET = 0xffff;
/** ~SO_REUSEADDR: no other socket can bind to this socket's address. */
export const SO_EXCLUSIVEADDRUSE = -5;
/**
 * Lets a socket bind to an address in use. By Microsoft's documentation any program can so take
 * over the address of another on Windows (unverified here).
 */
export const SO_REUSEADDR = 0x4;
/** Sends probes on an idle connection. */
export const SO_KEEPALIVE = 0x8;
/** Allows datagrams to broadcast addresses. */
export const SO_BROADCAST = 0x20;
/** The value is a `linger`: what close does with unsent data. */
export const SO_LINGER = 0x80;
/** Out-of-band data is received in line with the normal data. */
export const SO_OOBINLINE = 0x100;
/** The size of the send buffer in bytes. */
export const SO_SNDBUF = 0x1001;
/** The size of the receive buffer in bytes. */
export const SO_RCVBUF = 0x1002;
/** The socket's error, mostly that of a connect. */
export const SO_ERROR = 0x1007;
/** For how many seconds the socket has been connected; 0xffffffff if it is not connected. */
export const SO_CONNECT_TIME = 0x700c;
/** Sends small segments at once (no Nagle algorithm). */
export const TCP_NODELAY = 0x1;
/** An IPv6 socket does not accept IPv4; 1 by default. */
export const IPV6_V6ONLY = 27;
/** send and recv: the byte is out of band. */
export const MSG_OOB = 0x1;
/** recv: the bytes stay in the receive buffer. */
export const MSG_PEEK = 0x2;
/** shutdown: no more receives. */
export const SD_RECEIVE = 0;
/** shutdown: no more sends; the peer sees the end of the stream. */
export const SD_SEND = 1;
/** shutdown: neither. */
export const SD_BOTH = 2;
/** listen: the largest backlog that the system has. */
export const SOMAXCONN = 0x7fff_ffff;
/** Makes the socket overlapped, which is needed to associate it with a port. */
export const WSA_FLAG_OVERLAPPED = 0x1;
/** Child processes do not inherit the socket. */
export const WSA_FLAG_NO_HANDLE_INHERIT = 0x80;
/** ioctlsocket: non-blocking or not. `cmd` is a signed long: pass `FIONBIO | 0`. */
export const FIONBIO = 0x8004_667e;
/** WSAIoctl: the handle of the base provider, below any layered one (mswsock.h). */
export const SIO_BASE_HANDLE = 0x4800_0022;

/** WSAIoctl: other ways to get the base handle if a layered provider hides it (mswsock.h). */
export const SIO_BSP_HANDLE = 0x4800_001b;
/** As {@link SIO_BSP_HANDLE}: the handle that `select` would use. */
export const SIO_BSP_HANDLE_SELECT = 0x4800_001c;
/** As {@link SIO_BSP_HANDLE}: the handle that `WSAPoll` would use. */
export const SIO_BSP_HANDLE_POLL = 0x4800_001d;
/** WSAIoctl: whether an ICMP "port unreachable" fails the next receive of a UDP socket. */
export const SIO_UDP_CONNRESET = 0x9800_000c;
/** WSAIoctl: whether an ICMP "time to live exceeded" does. */
export const SIO_UDP_NETRESET = 0x9800_000f;
/** The size of sockaddr_un's path in bytes, including the final zero. */
export const UNIX_PATH_MAX = 108;

/** WSADATA; only the field that this package reads. */
export const WSADATA = { size: 408, fields: { wVersion: [0, 2] } } as const satisfies StructLayout;

/** sockaddr_in; port and address in network order. */
export const sockaddr_in = {
  size: 16,
  fields: { sin_family: [0, 2], sin_port: [2, 2], sin_addr: [4, 4], sin_zero: [8, 8] },
} as const satisfies StructLayout;

/** sockaddr_in6; port in network order, scope in host order. */
export const sockaddr_in6 = {
  size: 28,
  fields: {
    sin6_family: [0, 2],
    sin6_port: [2, 2],
    sin6_flowinfo: [4, 4],
    sin6_addr: [8, 16],
    sin6_scope_id: [24, 4],
  },
} as const satisfies StructLayout;

/** sockaddr_un; the path is UTF-8 and ends with a zero. */
export const sockaddr_un = {
  size: 110,
  fields: { sun_family: [0, 2], sun_path: [2, 108] },
} as const satisfies StructLayout;

/** linger: on or off, and seconds. */
export const linger = {
  size: 4,
  fields: { l_onoff: [0, 2], l_linger: [2, 2] },
} as const satisfies StructLayout;

/** Starts Winsock for this process. Winsock counts the starts. @returns 0 or an error code. */
export const WSAStartup: (wVersionRequested: number, lpWSAData: Address) => number =
  row('WSAStartup');

/** Undoes one WSAStartup. */
export const WSACleanup: () => number = row('WSACleanup');

/** The error of this thread's last failed Winsock call. Call it directly after that call. */
export const WSAGetLastError: () => number = row('WSAGetLastError');

/** Creates a socket. @returns the socket, or INVALID_SOCKET. */
export const WSASocketW: (
  af: number,
  type: number,
  protocol: number,
  lpProtocolInfo: Address,
  g: number,
  dwFlags: number,
) => SOCKET = row('WSASocketW');

/** Sends a control request to a socket's provider. Does not keep memory if `lpOverlapped` is 0. */
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

/** Sets or reads a mode of a socket, here {@link FIONBIO}. @returns 0, or SOCKET_ERROR. */
export const ioctlsocket: (s: SOCKET, cmd: number, argp: Address) => number = row('ioctlsocket');

/**
 * Sets an option. Reads `optlen` bytes at `optval` during the call only. @returns 0, or
 * SOCKET_ERROR.
 */
export const setsockopt: (
  s: SOCKET,
  level: number,
  optname: number,
  optval: Address,
  optlen: number,
) => number = row('setsockopt');

/** Gives a socket its local address, a sockaddr of `namelen` bytes. @returns 0, or SOCKET_ERROR. */
export const bind: (s: SOCKET, name: Address, namelen: number) => number = row('bind');

/** Makes a bound socket a listener. @returns 0, or SOCKET_ERROR. */
export const listen: (s: SOCKET, backlog: number) => number = row('listen');

/** Accepts one connection. @returns the connection's socket, or INVALID_SOCKET. */
export const accept: (s: SOCKET, addr: Address, addrlen: Address) => SOCKET = row('accept');

/**
 * Connects a socket. @returns 0, or SOCKET_ERROR: with WSAEWOULDBLOCK a non-blocking connect goes
 * on.
 */
export const connect: (s: SOCKET, name: Address, namelen: number) => number = row('connect');

/**
 * Stores the local address of a socket. `namelen` points to the buffer's length and gets that of
 * the address. @returns 0, or SOCKET_ERROR.
 */
export const getsockname: (s: SOCKET, name: Address, namelen: Address) => number =
  row('getsockname');

/** As {@link getsockname}, for the address of the peer. */
export const getpeername: (s: SOCKET, name: Address, namelen: Address) => number =
  row('getpeername');

/**
 * Stores the value of an option. `optlen` points to the buffer's length and gets that of the value.
 * @returns 0, or SOCKET_ERROR.
 */
export const getsockopt: (
  s: SOCKET,
  level: number,
  optname: number,
  optval: Address,
  optlen: Address,
) => number = row('getsockopt');

/**
 * Sends bytes. Winsock reads them directly from `buf`, without a copy.
 *
 * @param len at most the length of `buf`; not checked here.
 * @returns how many bytes Winsock took, which may be fewer than `len`, or SOCKET_ERROR.
 */
export const send: (s: SOCKET, buf: Uint8Array, len: number, flags: number) => number = row('send');

/**
 * Receives bytes. Winsock writes them directly to `buf`.
 *
 * @param len at most the length of `buf`; not checked here. If it is larger, Winsock overwrites
 *   the memory behind `buf`.
 * @returns how many bytes were received, 0 at the end of a stream, or SOCKET_ERROR.
 */
export const recv: (s: SOCKET, buf: Uint8Array, len: number, flags: number) => number = row('recv');

/** Sends a datagram; see {@link send}. */
export const sendto: (
  s: SOCKET,
  buf: Uint8Array,
  len: number,
  flags: number,
  to: Address,
  tolen: number,
) => number = row('sendto');

/** Receives a datagram; see {@link recv}. */
export const recvfrom: (
  s: SOCKET,
  buf: Uint8Array,
  len: number,
  flags: number,
  from: Address,
  fromlen: Address,
) => number = row('recvfrom');

/**
 * Ends one or both directions of a connection; `how` is SD_*. The socket stays open. @returns 0, or
 * SOCKET_ERROR.
 */
export const shutdown: (s: SOCKET, how: number) => number = row('shutdown');

/**
 * Closes a socket. A pending poll of it completes with AFD_POLL_LOCAL_CLOSE. @returns 0, or
 * SOCKET_ERROR.
 */
export const closesocket: (s: SOCKET) => number = row('closesocket');
