import type { Kernel } from 'ntdllx';
import {
  AF_UNIX,
  MSG_OOB,
  MSG_PEEK,
  SD_BOTH,
  SD_RECEIVE,
  SD_SEND,
  SOCKET_ERROR,
  WSAECONNRESET,
  WSAEFAULT,
  WSAEINVAL,
  WSAEMSGSIZE,
  WSAENOTCONN,
  WSAEOPNOTSUPP,
  WSAESHUTDOWN,
  WSAEWOULDBLOCK,
} from 'ntdllx/ws2_32';
import { readName, writeName } from './names.js';
import type { Name, SimSocket } from './objects.js';
import type { SimCore } from './sim-core.js';
import { TcpSocket } from './tcp-socket.js';
import { UdpSocket } from './udp-socket.js';
import { enterSocket, fail } from './winsock-setup.js';

/** Winsock's functions that transfer data. */
export function dataFunctions(core: SimCore) {
  const { memory } = core;

  /** The bytes of a call that gets a Uint8Array. */
  function part(bytes: Uint8Array, length: number, call: string): Uint8Array {
    if (length > bytes.byteLength)
      core.violate(
        `${call} passes the length ${length}, but its buffer has only ${bytes.byteLength} bytes.`,
      );
    return bytes.subarray(0, length);
  }

  function wouldBlock(socket: SimSocket, call: string): number {
    if (!socket.isNonBlocking) core.violate(`${call} on a blocking socket would block.`);
    return fail(core, WSAEWOULDBLOCK);
  }

  function sendTcp(socket: TcpSocket, bytes: Uint8Array, flags: number): number {
    if (socket.isReset) return fail(core, WSAECONNRESET);
    if (!socket.isConnected || socket.out === undefined) {
      return fail(core, core.profile.hasUnixErrors ? WSAECONNRESET : WSAENOTCONN);
    }
    if (socket.isSendShut) return fail(core, WSAESHUTDOWN);
    if (bytes.byteLength === 0) return 0;
    const room = socket.sendCapacity - socket.unsentBytes;
    if (room <= 0) return wouldBlock(socket, 'send');
    // Copies the bytes: Buffer's slice would not copy.
    const part = new Uint8Array(bytes.subarray(0, room));
    if ((flags & MSG_OOB) !== 0 && socket.family === AF_UNIX) return fail(core, WSAEOPNOTSUPP);
    const isUrgent = (flags & MSG_OOB) !== 0 && part.byteLength === bytes.byteLength;
    const plain = isUrgent ? part.subarray(0, -1) : part;
    socket.unsentBytes += part.byteLength;
    const last = part[part.byteLength - 1] as number;
    if (plain.byteLength > 0) core.tcp.sendPieces(socket.out, plain);
    if (isUrgent) core.network.push(socket.out, { kind: 'urgent', byte: last });
    return part.byteLength;
  }

  function receiveTcp(socket: TcpSocket, into: Uint8Array, flags: number): number {
    if (socket.state === 'failed' && core.profile.hasUnixErrors) return 0;
    if (!socket.isConnected) return fail(core, WSAENOTCONN);
    if (socket.isReceiveShut) return fail(core, WSAESHUTDOWN);
    if ((flags & MSG_OOB) !== 0) return receiveUrgent(socket, into, (flags & MSG_PEEK) !== 0);
    if (socket.receivedBytes > 0) return socket.read(into, (flags & MSG_PEEK) !== 0);
    if (socket.isReset) {
      return core.profile.resetEndsStream ? 0 : fail(core, WSAECONNRESET);
    }
    if (socket.hasFin) {
      if ((flags & MSG_PEEK) === 0) socket.urgent = undefined;
      return 0;
    }
    return wouldBlock(socket, 'recv');
  }

  function receiveUrgent(socket: TcpSocket, into: Uint8Array, isPeek: boolean): number {
    if (socket.urgent === undefined) return wouldBlock(socket, 'recv(MSG_OOB)');
    into[0] = socket.urgent;
    if (!isPeek) socket.urgent = undefined;
    return 1;
  }

  function sendDatagram(socket: SimSocket, bytes: Uint8Array, to: Name | undefined): number {
    if (!(socket instanceof UdpSocket)) return fail(core, WSAEOPNOTSUPP);
    if (to === undefined) return fail(core, WSAENOTCONN);
    if (bytes.byteLength > 65_507) return fail(core, WSAEMSGSIZE);
    const code = core.udp.bindImplicitly(socket);
    if (code !== 0) return fail(core, code);
    if (!core.udp.hasRoom(socket)) return wouldBlock(socket, 'sendto');
    core.udp.send(socket, new Uint8Array(bytes), to);
    return bytes.byteLength;
  }

  function receiveDatagram(socket: UdpSocket, into: Uint8Array, isPeek: boolean) {
    if (socket.hasReset) {
      socket.hasReset = false;
      return WSAECONNRESET;
    }
    const datagram = socket.received[0];
    if (datagram === undefined) return WSAEWOULDBLOCK;
    if (!isPeek) socket.take();
    into.set(datagram.bytes.subarray(0, into.byteLength));
    return datagram;
  }

  return {
    send(s, buf, len, flags) {
      const socket = enterSocket(core, 'send', s);
      if (socket === undefined) return SOCKET_ERROR;
      const bytes = part(buf, len, 'send');
      if (socket instanceof TcpSocket) return sendTcp(socket, bytes, flags);
      return sendDatagram(socket, bytes, socket.remote);
    },

    sendto(s, buf, len, flags, to, tolen) {
      const socket = enterSocket(core, 'sendto', s);
      if (socket === undefined) return SOCKET_ERROR;
      const bytes = part(buf, len, 'sendto');
      if (socket instanceof TcpSocket) return sendTcp(socket, bytes, flags);
      const name = to === 0 ? socket.remote : readName(memory, to, tolen);
      return sendDatagram(socket, bytes, name);
    },

    recv(s, buf, len, flags) {
      const socket = enterSocket(core, 'recv', s);
      if (socket === undefined) return SOCKET_ERROR;
      const into = part(buf, len, 'recv');
      if (socket instanceof TcpSocket) return receiveTcp(socket, into, flags);
      return receiveFrom(socket, into, flags, 0, 0);
    },

    recvfrom(s, buf, len, flags, from, fromlen) {
      const socket = enterSocket(core, 'recvfrom', s);
      if (socket === undefined) return SOCKET_ERROR;
      const into = part(buf, len, 'recvfrom');
      if (socket instanceof TcpSocket) return receiveTcp(socket, into, flags);
      return receiveFrom(socket, into, flags, from, fromlen);
    },

    shutdown(s, how) {
      const socket = enterSocket(core, 'shutdown', s);
      if (socket === undefined) return SOCKET_ERROR;
      if (how < SD_RECEIVE || how > SD_BOTH) return fail(core, WSAEINVAL);
      if (!(socket instanceof TcpSocket)) return 0;
      if (!socket.isConnected) return fail(core, WSAENOTCONN);
      if (how !== SD_SEND) socket.isReceiveShut = true;
      if (how === SD_RECEIVE || socket.isSendShut || socket.isReset) return 0;
      socket.isSendShut = true;
      if (socket.out !== undefined) core.network.push(socket.out, { kind: 'fin' });
      return 0;
    },
  } satisfies Partial<Kernel>;

  function receiveFrom(
    socket: SimSocket,
    into: Uint8Array,
    flags: number,
    from: number,
    fromlen: number,
  ): number {
    if (!(socket instanceof UdpSocket)) return fail(core, WSAEOPNOTSUPP);
    if (socket.local === undefined) return fail(core, WSAEINVAL);
    const taken = receiveDatagram(socket, into, (flags & MSG_PEEK) !== 0);
    if (taken === WSAEWOULDBLOCK) return wouldBlock(socket, 'recvfrom');
    if (typeof taken === 'number') return fail(core, taken);
    if (from !== 0 && !writeName(memory, taken.from, from, fromlen)) return fail(core, WSAEFAULT);
    if (taken.bytes.byteLength > into.byteLength) return fail(core, WSAEMSGSIZE);
    return taken.bytes.byteLength;
  }
}
