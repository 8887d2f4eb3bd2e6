import type { Kernel } from 'ntdllx';
import {
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_BROADCAST,
  SO_CONNECT_TIME,
  SO_ERROR,
  SO_EXCLUSIVEADDRUSE,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_SNDBUF,
  SOCKET_ERROR,
  SOL_SOCKET,
  TCP_NODELAY,
  WSAEFAULT,
  WSAEINVAL,
  WSAENOPROTOOPT,
} from 'ntdllx/ws2_32';
import { optionKey } from './bindings.js';
import type { SimSocket } from './objects.js';
import type { SimCore } from './sim-core.js';
import { TcpSocket } from './tcp-socket.js';
import type { UdpSocket } from './udp-socket.js';
import { enterSocket, fail } from './winsock-setup.js';

const key = {
  noDelay: optionKey(IPPROTO_TCP, TCP_NODELAY),
  keepAlive: optionKey(SOL_SOCKET, SO_KEEPALIVE),
  broadcast: optionKey(SOL_SOCKET, SO_BROADCAST),
  oobInline: optionKey(SOL_SOCKET, SO_OOBINLINE),
  exclusive: optionKey(SOL_SOCKET, SO_EXCLUSIVEADDRUSE),
  reuse: optionKey(SOL_SOCKET, SO_REUSEADDR),
  v6Only: optionKey(IPPROTO_IPV6, IPV6_V6ONLY),
  sendBuffer: optionKey(SOL_SOCKET, SO_SNDBUF),
  receiveBuffer: optionKey(SOL_SOCKET, SO_RCVBUF),
  linger: optionKey(SOL_SOCKET, SO_LINGER),
  error: optionKey(SOL_SOCKET, SO_ERROR),
  connectTime: optionKey(SOL_SOCKET, SO_CONNECT_TIME),
};

const switches = new Set([
  key.noDelay,
  key.keepAlive,
  key.broadcast,
  key.oobInline,
  key.exclusive,
  key.reuse,
]);

/** setsockopt and getsockopt. */
export function optionFunctions(core: SimCore) {
  const { memory } = core;

  function set(socket: SimSocket, option: number, value: number): number {
    const isTcp = socket instanceof TcpSocket;
    if (option === key.sendBuffer || option === key.receiveBuffer) {
      setCapacity(socket, option, Math.max(1, value));
      return 0;
    }
    if (option === key.v6Only) {
      socket.isV6Only = value !== 0;
      return 0;
    }
    if (!switches.has(option)) return WSAENOPROTOOPT;
    const opposite =
      option === key.exclusive ? key.reuse : option === key.reuse ? key.exclusive : 0;
    if (value !== 0 && socket.options.get(opposite) === 1) return WSAEINVAL;
    socket.options.set(option, value === 0 ? 0 : 1);
    if (isTcp && option === key.oobInline) socket.isOobInline = value !== 0;
    return 0;
  }

  function setCapacity(socket: SimSocket, option: number, bytes: number): void {
    if (option === key.receiveBuffer) (socket as TcpSocket | UdpSocket).receiveCapacity = bytes;
    else if (socket instanceof TcpSocket) socket.sendCapacity = bytes;
    else socket.options.set(option, bytes);
  }

  function get(socket: SimSocket, option: number): number | undefined {
    if (option === key.error) return socket instanceof TcpSocket ? socket.error : 0;
    if (option === key.connectTime) {
      return socket instanceof TcpSocket && socket.isConnected ? 0 : 0xffff_ffff;
    }
    if (option === key.receiveBuffer) return (socket as TcpSocket | UdpSocket).receiveCapacity;
    if (option === key.v6Only) return socket.isV6Only ? 1 : 0;
    if (option === key.sendBuffer) {
      return socket instanceof TcpSocket
        ? socket.sendCapacity
        : (socket.options.get(option) ?? 65_536);
    }
    return switches.has(option) ? (socket.options.get(option) ?? 0) : undefined;
  }

  return {
    setsockopt(s, level, name, value, length) {
      const socket = enterSocket(core, 'setsockopt', s);
      if (socket === undefined) return SOCKET_ERROR;
      if (length < 4 || !memory.locate(value, 4, 'option')) return fail(core, WSAEFAULT);
      const option = optionKey(level, name);
      if (option === key.linger) {
        const [onOff, seconds] = [
          memory.view.getUint16(memory.at, true),
          memory.view.getUint16(memory.at + 2, true),
        ];
        if (socket instanceof TcpSocket) socket.isAbortive = onOff !== 0 && seconds === 0;
        return 0;
      }
      const code = set(socket, option, memory.view.getInt32(memory.at, true));
      return code === 0 ? 0 : fail(core, code);
    },

    getsockopt(s, level, name, value, length) {
      const socket = enterSocket(core, 'getsockopt', s);
      if (socket === undefined) return SOCKET_ERROR;
      const found = get(socket, optionKey(level, name));
      if (found === undefined) return fail(core, WSAENOPROTOOPT);
      if (!memory.locate(length, 4, 'option length')) return fail(core, WSAEFAULT);
      if (memory.view.getInt32(memory.at, true) < 4) return fail(core, WSAEFAULT);
      memory.view.setInt32(memory.at, 4, true);
      if (!memory.locate(value, 4, 'option')) return fail(core, WSAEFAULT);
      memory.view.setInt32(memory.at, found, true);
      return 0;
    },
  } satisfies Partial<Kernel>;
}
