import { type HANDLE, type Kernel, WsaError } from 'ntdllx';
import {
  FIONBIO,
  INVALID_SOCKET,
  SIO_BASE_HANDLE,
  type SOCKET,
  SOCKET_ERROR,
  WSAEWOULDBLOCK,
} from 'ntdllx/ws2_32';
import type { Endpoint, SktAddress, TCPClientAddress } from './address.js';
import { borrow } from './borrow.js';
import { SktError } from './errors.js';
import { decodeSockaddr, encodeSockaddr } from './sockaddr.js';
import { startWinsock, stopWinsock } from './winsock.js';
import { type WouldBlock, wouldBlock } from './would-block.js';

/** What a socket is for. */
export type SktKind = 'listener' | 'client' | 'accepted';

/** As long as the longest sockaddr, sockaddr_storage. */
const sockaddrBytes = 128;

/**
 * A non-blocking TCP socket. Made by {@link SocketCreator} or by {@link accept}; whoever made it
 * closes it. Every method throws `SktError` after {@link close}, and ntdllx's `WsaError`, naming
 * the call and the code, when Winsock refuses. Not to be shared between threads.
 */
export class Skt {
  readonly kind: SktKind;
  readonly #kernel: Kernel;
  readonly #address: SktAddress | undefined;
  #socket: SOCKET | undefined;

  /** Takes over `socket`, which Winsock just made: on a throw it is closed. For this package. */
  constructor(kernel: Kernel, socket: SOCKET, kind: SktKind, address?: SktAddress) {
    this.kind = kind;
    this.#kernel = kernel;
    this.#address = address;
    try {
      startWinsock(kernel);
      this.#socket = socket;
      this.#makeNonBlocking(socket);
    } catch (error) {
      if (this.#socket === undefined) kernel.closesocket(socket);
      else this.close();
      throw error;
    }
  }

  /** True until {@link close}. */
  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  /** Winsock's handle. It is this object's: never close it elsewhere. */
  get socket(): SOCKET {
    if (this.#socket === undefined) {
      throw new SktError('ERR_SKT_CLOSED', `This ${this.kind} socket is closed.`);
    }
    return this.#socket;
  }

  /**
   * The handle of the base provider, which AFD knows the socket by. A layered provider may have
   * put another handle in front of it.
   *
   * @throws {WsaError} when the provider hides it: such a socket cannot be polled.
   */
  baseHandle(): HANDLE {
    return borrow(this.#kernel, 16, (out) => {
      const [handle, returned] = [out.address, out.address + 8];
      const result = this.#kernel.WSAIoctl(
        this.socket,
        SIO_BASE_HANDLE,
        0,
        0,
        handle,
        8,
        returned,
        0,
        0,
      );
      if (result === SOCKET_ERROR) throw this.#lastError('WSAIoctl(SIO_BASE_HANDLE)');
      return Number(out.readU64(0));
    });
  }

  /**
   * Accepts one connection. The new socket is the caller's, and non-blocking by our own doing.
   *
   * @returns the socket, or {@link wouldBlock} when nobody waits.
   */
  accept(): Skt | WouldBlock {
    this.#require('listener', 'accept');
    const accepted = this.#kernel.accept(this.socket, 0, 0);
    if (BigInt(accepted) !== INVALID_SOCKET) return new Skt(this.#kernel, accepted, 'accepted');
    const error = this.#lastError('accept');
    if (error.wsaCode === WSAEWOULDBLOCK) return wouldBlock;
    throw error;
  }

  /**
   * Starts connecting to the address that the socket was made from. Call it once.
   *
   * @returns true when connected already, {@link wouldBlock} while it is under way.
   */
  connect(): true | WouldBlock {
    this.#require('client', 'connect');
    const name = encodeSockaddr(this.#address as TCPClientAddress);
    return borrow(this.#kernel, name.byteLength, (memory) => {
      memory.write(0, name);
      const result = this.#kernel.connect(this.socket, memory.address, name.byteLength);
      if (result !== SOCKET_ERROR) return true;
      const error = this.#lastError('connect');
      if (error.wsaCode === WSAEWOULDBLOCK) return wouldBlock;
      throw error;
    });
  }

  /** This side's endpoint. Of a client it can be relied on once it is connected, not before. */
  localEndpoint(): Endpoint {
    return this.#endpoint('getsockname');
  }

  /** The other side's endpoint, of a connected socket. */
  peerEndpoint(): Endpoint {
    return this.#endpoint('getpeername');
  }

  /** Closes the socket; a poll that is pending on it completes. Idempotent. */
  close(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    const result = this.#kernel.closesocket(socket);
    const error = result === SOCKET_ERROR ? this.#lastError('closesocket') : undefined;
    stopWinsock(this.#kernel);
    if (error !== undefined) throw error;
  }

  #makeNonBlocking(socket: SOCKET): void {
    borrow(this.#kernel, 4, (on) => {
      on.writeU32(0, 1);
      if (this.#kernel.ioctlsocket(socket, FIONBIO | 0, on.address) === SOCKET_ERROR) {
        throw this.#lastError('ioctlsocket(FIONBIO)');
      }
    });
  }

  #endpoint(call: 'getsockname' | 'getpeername'): Endpoint {
    return borrow(this.#kernel, sockaddrBytes + 8, (memory) => {
      memory.writeI32(sockaddrBytes, sockaddrBytes);
      const length = memory.address + sockaddrBytes;
      if (this.#kernel[call](this.socket, memory.address, length) === SOCKET_ERROR) {
        throw this.#lastError(call);
      }
      const endpoint = decodeSockaddr(memory.read(0, memory.readI32(sockaddrBytes)));
      if (endpoint !== undefined) return endpoint;
      throw new SktError('ERR_ADDRESS', `${call} returned an address that is not IPv4.`);
    });
  }

  #require(kind: SktKind, call: string): void {
    if (this.kind === kind) return;
    const article = this.kind === 'accepted' ? 'an' : 'a';
    throw new SktError('ERR_SKT_KIND', `${call} wants a ${kind}; this is ${article} ${this.kind}.`);
  }

  #lastError(call: string): WsaError {
    return new WsaError(call, this.#kernel.WSAGetLastError());
  }
}
