import type { Kernel } from 'ntdllx';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  FIONBIO,
  INVALID_SOCKET,
  SIO_BASE_HANDLE,
  SIO_UDP_CONNRESET,
  SIO_UDP_NETRESET,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOCKET_ERROR,
  WSA_FLAG_OVERLAPPED,
  WSAEADDRNOTAVAIL,
  WSAEAFNOSUPPORT,
  WSAEFAULT,
  WSAEINVAL,
  WSAEISCONN,
  WSAENOTCONN,
  WSAENOTSOCK,
  WSAEOPNOTSUPP,
  WSAESOCKTNOSUPPORT,
  WSANOTINITIALISED,
} from 'ntdllx/ws2_32';
import { isOwnHost } from './bindings.js';
import { closeObject } from './close.js';
import { readName, writeName } from './names.js';
import { SimSocket } from './objects.js';
import type { SimCore } from './sim-core.js';
import { TcpSocket } from './tcp-socket.js';
import { UdpSocket } from './udp-socket.js';
import { writePointerSized } from './values.js';

/**
 * Sets the error that WSAGetLastError returns.
 *
 * @returns the result of a failed call
 */
export function fail(core: SimCore, code: number): number {
  core.lastError = code;
  return SOCKET_ERROR;
}

/**
 * Counts the call and returns the socket; for a wrong handle it sets the error and returns
 * undefined.
 */
export function enterSocket(
  core: SimCore,
  call: string,
  s: number | bigint,
): SimSocket | undefined {
  core.enter(call);
  if (core.winsockUsers === 0) {
    core.lastError = WSANOTINITIALISED;
    return undefined;
  }
  const object = core.handles.get(Number(s));
  if (object instanceof SimSocket) return object;
  core.lastError = WSAENOTSOCK;
  return undefined;
}

/** Ends a call: 0 is success; any other code is set as the error. */
export function end(core: SimCore, code: number): number {
  return code === 0 ? 0 : fail(core, code);
}

/** Winsock's functions that create, bind, connect and close sockets. */
export function setupFunctions(core: SimCore) {
  const { memory } = core;

  function baseHandle(s: number | bigint, out: number, room: number, returned: number): number {
    if (room < 8 || !memory.locate(out, 8, 'base handle')) return fail(core, WSAEFAULT);
    writePointerSized(memory.view, memory.at, s);
    if (memory.locate(returned, 4, 'lpcbBytesReturned')) {
      memory.view.setUint32(memory.at, 8, true);
    }
    return 0;
  }

  function writeNameOf(s: number | bigint, side: 'local' | 'remote', at: number, length: number) {
    const call = side === 'local' ? 'getsockname' : 'getpeername';
    const socket = enterSocket(core, call, s);
    if (socket === undefined) return SOCKET_ERROR;
    const name = socket[side];
    const isThere = side === 'local' || !(socket instanceof TcpSocket) || socket.hasPeerName;
    if (name === undefined || !isThere) {
      return fail(core, side === 'local' ? WSAEINVAL : WSAENOTCONN);
    }
    return writeName(memory, name, at, length) ? 0 : fail(core, WSAEFAULT);
  }

  return {
    WSAStartup(_version, data) {
      core.enter('WSAStartup');
      if (memory.locate(data, 408, 'WSADATA')) {
        memory.view.setUint16(memory.at, 0x0202, true);
        memory.view.setUint16(memory.at + 2, 0x0202, true);
      }
      core.winsockUsers += 1;
      return 0;
    },

    WSACleanup() {
      core.enter('WSACleanup');
      if (core.winsockUsers === 0) return fail(core, WSANOTINITIALISED);
      core.winsockUsers -= 1;
      return 0;
    },

    WSAGetLastError: () => core.lastError,

    WSASocketW(family, type, _protocol, _info, _group, flags) {
      core.enter('WSASocketW');
      const refuse = (code: number) => {
        core.lastError = code;
        return INVALID_SOCKET;
      };
      if (core.winsockUsers === 0) return refuse(WSANOTINITIALISED);
      const isUnix = family === AF_UNIX && core.profile.afUnix !== 'absent';
      if (family !== AF_INET && family !== AF_INET6 && !isUnix) return refuse(WSAEAFNOSUPPORT);
      if (isUnix && type !== SOCK_STREAM) return refuse(WSAESOCKTNOSUPPORT);
      if (type !== SOCK_STREAM && type !== SOCK_DGRAM) return refuse(WSAESOCKTNOSUPPORT);
      const socket =
        type === SOCK_STREAM ? new TcpSocket(core, family) : new UdpSocket(core, family);
      socket.isOverlapped = (flags & WSA_FLAG_OVERLAPPED) !== 0;
      return core.handles.open(socket);
    },

    WSAIoctl(s, code, input, _inLength, out, outLength, returned) {
      const socket = enterSocket(core, 'WSAIoctl', s);
      if (socket === undefined) return SOCKET_ERROR;
      if (code === SIO_BASE_HANDLE) return baseHandle(s, out, outLength, returned);
      const isReset = code === SIO_UDP_CONNRESET || code === SIO_UDP_NETRESET;
      // Wine accepts this option for any socket, without an effect.
      if (isReset && !core.profile.hasUdpReset) return 0;
      if (!isReset || !(socket instanceof UdpSocket)) return fail(core, WSAEOPNOTSUPP);
      if (!memory.locate(input, 4, 'SIO_UDP_CONNRESET')) return fail(core, WSAEFAULT);
      if (code === SIO_UDP_CONNRESET) {
        socket.hasResetReports = memory.view.getUint32(memory.at, true) !== 0;
      }
      return 0;
    },

    ioctlsocket(s, cmd, argp) {
      const socket = enterSocket(core, 'ioctlsocket', s);
      if (socket === undefined) return SOCKET_ERROR;
      if (cmd >>> 0 !== FIONBIO) return fail(core, WSAEOPNOTSUPP);
      if (!memory.locate(argp, 4, 'argument of ioctlsocket')) return fail(core, WSAEFAULT);
      socket.isNonBlocking = memory.view.getUint32(memory.at, true) !== 0;
      return 0;
    },

    bind(s, name, length) {
      const socket = enterSocket(core, 'bind', s);
      if (socket === undefined) return SOCKET_ERROR;
      const wanted = readName(memory, name, length);
      if (wanted === undefined || wanted.family !== socket.family) return fail(core, WSAEFAULT);
      if (socket.local !== undefined) return fail(core, WSAEINVAL);
      if (wanted.family === AF_UNIX) return end(core, core.unix.bind(socket as TcpSocket, wanted));
      if (!isOwnHost(wanted.host)) return fail(core, WSAEADDRNOTAVAIL);
      const table = socket.isStream ? core.tcp : core.udp;
      const bound = table.bindings.bind(socket, wanted);
      if (typeof bound === 'number') return fail(core, bound);
      socket.local = bound;
      return 0;
    },

    listen(s, backlog) {
      const socket = enterSocket(core, 'listen', s);
      if (socket === undefined) return SOCKET_ERROR;
      if (!(socket instanceof TcpSocket)) return fail(core, WSAEOPNOTSUPP);
      return end(core, core.tcp.listen(socket, backlog));
    },

    accept(s, address, length) {
      const socket = enterSocket(core, 'accept', s);
      if (socket === undefined) return INVALID_SOCKET;
      const accepted = socket instanceof TcpSocket ? core.tcp.accept(socket) : WSAEOPNOTSUPP;
      if (typeof accepted === 'number') {
        if (!socket.isNonBlocking) core.violate('accept on a blocking socket would block.');
        core.lastError = accepted;
        return INVALID_SOCKET;
      }
      if (address !== 0 && accepted.remote !== undefined) {
        writeName(memory, accepted.remote, address, length);
      }
      return core.handles.open(accepted);
    },

    connect(s, name, length) {
      const socket = enterSocket(core, 'connect', s);
      if (socket === undefined) return SOCKET_ERROR;
      const to = readName(memory, name, length);
      if (to === undefined || to.family !== socket.family) return fail(core, WSAEFAULT);
      if (socket instanceof UdpSocket) return end(core, core.udp.connect(socket, to));
      if (!(socket instanceof TcpSocket)) return fail(core, WSAEISCONN);
      if (!socket.isNonBlocking) core.violate('connect on a blocking socket would block.');
      const streams = to.family === AF_UNIX ? core.unix : core.tcp;
      return end(core, streams.connect(socket, to));
    },

    getsockname: (s, name, length) => writeNameOf(s, 'local', name, length),
    getpeername: (s, name, length) => writeNameOf(s, 'remote', name, length),

    closesocket(s) {
      const socket = enterSocket(core, 'closesocket', s);
      if (socket === undefined) return SOCKET_ERROR;
      core.handles.close(Number(s));
      closeObject(core, socket);
      return 0;
    },
  } satisfies Partial<Kernel>;
}
