import { type Kernel, ntKernel } from 'ntdllx';
import {
  AF_UNIX,
  INVALID_SOCKET,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SIO_UDP_CONNRESET,
  SIO_UDP_NETRESET,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOCKET_ERROR,
  SOMAXCONN,
  WSA_FLAG_NO_HANDLE_INHERIT,
  WSA_FLAG_OVERLAPPED,
  WSAEAFNOSUPPORT,
  WSAEOPNOTSUPP,
} from 'ntdllx/ws2_32';
import { isSktAddress, type SktAddress } from './address.js';
import { borrow } from './borrow.js';
import { SktError } from './errors.js';
import { lastWsaError } from './native-skt.js';
import { Skt, type SktKind } from './skt.js';
import { encodeSockaddr, familyOf } from './sockaddr.js';
import { startWinsock, stopWinsock } from './winsock.js';

const kinds: Record<SktAddress['kind'], SktKind> = {
  'tcp-server': 'listener',
  'tcp-client': 'client',
  udp: 'datagram',
  'uds-server': 'listener',
  'uds-client': 'client',
};

/** Makes sockets from addresses, on one kernel. */
export class SocketCreator {
  readonly #kernel: Kernel;

  /** @param kernel the real one by default. */
  constructor(kernel: Kernel = ntKernel) {
    this.#kernel = kernel;
  }

  /**
   * Makes a socket: of a server address one that is bound and listens, of a client address one
   * that is ready for `connect`, of a UDP address one that is bound. The caller closes it.
   *
   * @throws {SktError} `ERR_ADDRESS` for what is no address, `ERR_SKT_UNSUPPORTED` where this host
   *   does not have the kind of socket. @throws {WsaError} when Winsock refuses; nothing is left
   *   open then.
   */
  fromAddress(address: SktAddress): Skt {
    if (!isSktAddress(address)) {
      throw new SktError(
        'ERR_ADDRESS',
        'A socket is made from an address, such as TCPServerAddress.',
      );
    }
    const skt = this.#create(address);
    try {
      if (skt.kind === 'datagram') this.#ignoreUnreachable(skt);
      if (skt.kind !== 'client') this.#bind(skt, address);
      if (skt.kind === 'listener') {
        this.#require('listen', this.#kernel.listen(skt.socket, SOMAXCONN));
      }
      return skt;
    } catch (error) {
      skt.close();
      throw error;
    }
  }

  #create(address: SktAddress): Skt {
    const kernel = this.#kernel;
    // Winsock has to run before there is a socket; from then on the socket is its user.
    startWinsock(kernel);
    try {
      const family = familyOf(address);
      const type = address.kind === 'udp' ? SOCK_DGRAM : SOCK_STREAM;
      const ip = address.kind === 'udp' ? IPPROTO_UDP : IPPROTO_TCP;
      const protocol = family === AF_UNIX ? 0 : ip;
      const flags = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT;
      const socket = kernel.WSASocketW(family, type, protocol, 0, 0, flags);
      if (BigInt(socket) === INVALID_SOCKET) throw this.#refusal(address);
      return new Skt(kernel, socket, kinds[address.kind], address);
    } finally {
      stopWinsock(kernel);
    }
  }

  #refusal(address: SktAddress): Error {
    const error = lastWsaError(this.#kernel, 'WSASocketW');
    if (error.wsaCode !== WSAEAFNOSUPPORT) return error;
    const family = 'path' in address ? 'AF_UNIX' : 'the address family';
    const where = 'path' in address ? ' Windows has it since 10 1803, Wine does not.' : '';
    return new SktError('ERR_SKT_UNSUPPORTED', `This host does not have ${family}.${where}`);
  }

  #bind(skt: Skt, address: SktAddress): void {
    // By Microsoft's documentation SO_REUSEADDR lets any program take the port over on Windows
    // (unverified here): the opposite is set. A path has an owner of its own.
    if (!('path' in address)) skt.setOption('exclusiveAddress', true);
    const name = encodeSockaddr(address);
    borrow(this.#kernel, name.byteLength, (memory) => {
      memory.write(0, name);
      const result = this.#kernel.bind(skt.socket, memory.address, name.byteLength);
      this.#require('bind', result);
    });
  }

  /** One peer that is gone must not fail the next receive from all the others. */
  #ignoreUnreachable(skt: Skt): void {
    const kernel = this.#kernel;
    borrow(kernel, 16, (memory) => {
      memory.fill(0);
      const [off, returned] = [memory.address, memory.address + 8];
      for (const code of [SIO_UDP_CONNRESET, SIO_UDP_NETRESET]) {
        const result = kernel.WSAIoctl(skt.socket, code, off, 4, 0, 0, returned, 0, 0);
        if (result !== SOCKET_ERROR) continue;
        const error = lastWsaError(kernel, 'WSAIoctl(SIO_UDP_CONNRESET)');
        // A host that does not know the switch does not have what it switches.
        if (error.wsaCode !== WSAEOPNOTSUPP) throw error;
      }
    });
  }

  #require(call: string, result: number): void {
    if (result === SOCKET_ERROR) throw lastWsaError(this.#kernel, call);
  }
}
