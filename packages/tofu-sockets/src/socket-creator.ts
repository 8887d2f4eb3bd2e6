import { type Kernel, ntKernel, WsaError } from 'ntdllx';
import {
  AF_INET,
  INVALID_SOCKET,
  IPPROTO_TCP,
  SO_EXCLUSIVEADDRUSE,
  SOCK_STREAM,
  SOCKET_ERROR,
  SOL_SOCKET,
  SOMAXCONN,
  WSA_FLAG_NO_HANDLE_INHERIT,
  WSA_FLAG_OVERLAPPED,
} from 'ntdllx/ws2_32';
import { type SktAddress, TCPClientAddress, TCPServerAddress } from './address.js';
import { borrow } from './borrow.js';
import { SktError } from './errors.js';
import { Skt } from './skt.js';
import { encodeSockaddr } from './sockaddr.js';
import { startWinsock, stopWinsock } from './winsock.js';

/** Makes sockets from addresses, on one kernel. */
export class SocketCreator {
  readonly #kernel: Kernel;

  /** @param kernel the real one by default. */
  constructor(kernel: Kernel = ntKernel) {
    this.#kernel = kernel;
  }

  /**
   * Makes a socket: of a server address one that is bound and listens, of a client address one
   * that is ready for `connect`. The caller closes it.
   *
   * @throws {SktError} `ERR_ADDRESS` for what is no address. @throws {WsaError} when Winsock
   *   refuses; nothing is left open then.
   */
  fromAddress(address: SktAddress): Skt {
    if (address instanceof TCPServerAddress) return this.#listener(address);
    if (address instanceof TCPClientAddress) return this.#create('client', address);
    throw new SktError(
      'ERR_ADDRESS',
      'A socket is made from a TCPServerAddress or TCPClientAddress.',
    );
  }

  #create(kind: 'listener' | 'client', address: SktAddress): Skt {
    const kernel = this.#kernel;
    // Winsock has to run before there is a socket; from then on the socket is its user.
    startWinsock(kernel);
    try {
      const flags = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT;
      const socket = kernel.WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, 0, 0, flags);
      if (BigInt(socket) === INVALID_SOCKET) throw this.#lastError('WSASocketW');
      return new Skt(kernel, socket, kind, address);
    } finally {
      stopWinsock(kernel);
    }
  }

  #listener(address: TCPServerAddress): Skt {
    const kernel = this.#kernel;
    const skt = this.#create('listener', address);
    try {
      const name = encodeSockaddr(address);
      borrow(kernel, name.byteLength, (memory) => {
        // By Microsoft's documentation SO_REUSEADDR lets any program take the port over on Windows
        // (unverified here): the opposite is set.
        memory.writeI32(0, 1);
        this.#require(
          'setsockopt(SO_EXCLUSIVEADDRUSE)',
          kernel.setsockopt(skt.socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, memory.address, 4),
        );
        memory.write(0, name);
        this.#require('bind', kernel.bind(skt.socket, memory.address, name.byteLength));
      });
      this.#require('listen', kernel.listen(skt.socket, SOMAXCONN));
      return skt;
    } catch (error) {
      skt.close();
      throw error;
    }
  }

  #require(call: string, result: number): void {
    if (result === SOCKET_ERROR) throw this.#lastError(call);
  }

  #lastError(call: string): WsaError {
    return new WsaError(call, this.#kernel.WSAGetLastError());
  }
}
