import { isIP } from 'node:net';
import { type HANDLE, type Kernel, type NativeMemory, WsaError } from 'ntdllx';
import {
  INVALID_SOCKET,
  linger,
  MSG_OOB,
  MSG_PEEK,
  SD_BOTH,
  SD_RECEIVE,
  SD_SEND,
  SO_ERROR,
  SO_LINGER,
  type SOCKET,
  SOCKET_ERROR,
  SOL_SOCKET,
  WSAENOTCONN,
  WSAEWOULDBLOCK,
} from 'ntdllx/ws2_32';
import { type Endpoint, isSktAddress, type SktAddress } from './address.js';
import { borrow } from './borrow.js';
import { SktError } from './errors.js';
import { findBaseHandle, getIntOption, lastWsaError, makeNonBlocking } from './native-skt.js';
import { getOption, type SktOptions, setOption } from './options.js';
import { decodeSockaddr, encodeSockaddr } from './sockaddr.js';
import { lengthOffset, nameBytes, nameOffset, transferBlock, transferBytes } from './transfer.js';
import { startWinsock, stopWinsock } from './winsock.js';
import { type WouldBlock, wouldBlock } from './would-block.js';

/** What a socket is for. */
export type SktKind = 'listener' | 'client' | 'accepted' | 'datagram';

/** How a send or a receive differs from an ordinary one. */
export interface TransferFlags {
  /** MSG_OOB: TCP's one urgent byte. */
  readonly oob?: boolean;
  /** MSG_PEEK: look, and leave the data where it is. Receiving only. */
  readonly peek?: boolean;
}

/** A datagram that was received. */
export interface Datagram {
  /** How many bytes of it were stored. 0 is an empty datagram, and no end of anything. */
  readonly byteLength: number;
  /** Who sent it. */
  readonly from: Endpoint;
}

const shutdownHow = { receive: SD_RECEIVE, send: SD_SEND, both: SD_BOTH } as const;

/**
 * A non-blocking socket. Made by `SocketCreator` or by {@link accept}; whoever made it closes it.
 * Every method throws `SktError` after {@link close} and for wrong arguments, without calling
 * anything, and ntdllx's `WsaError`, naming the call and the code, when Winsock refuses; the socket
 * is as usable as before. Not to be shared between threads.
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
      makeNonBlocking(kernel, socket);
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
    return findBaseHandle(this.#kernel, this.socket);
  }

  /**
   * Accepts one connection. The new socket is the caller's, and non-blocking by our own doing.
   *
   * @returns the socket, or {@link wouldBlock} when nobody waits.
   * @throws {WsaError} WSAECONNRESET, by documentation, when a client gave up while it waited: that is
   *   no fault of the listener, accept again.
   */
  accept(): Skt | WouldBlock {
    this.#require(['listener'], 'accept');
    const accepted = this.#kernel.accept(this.socket, 0, 0);
    if (BigInt(accepted) !== INVALID_SOCKET) return new Skt(this.#kernel, accepted, 'accepted');
    return this.#blockedBy('accept');
  }

  /**
   * Starts connecting to the address that the socket was made from. Called once; how it ended is
   * asked with {@link finishConnect}.
   *
   * @returns true when connected already, {@link wouldBlock} while it is under way.
   */
  connect(): true | WouldBlock {
    this.#require(['client'], 'connect');
    if (!isSktAddress(this.#address)) throw new SktError('ERR_ADDRESS', 'There is no address.');
    const name = encodeSockaddr(this.#address);
    return borrow(this.#kernel, name.byteLength, (memory) => {
      memory.write(0, name);
      const result = this.#kernel.connect(this.socket, memory.address, name.byteLength);
      return result === SOCKET_ERROR ? this.#blockedBy('connect') : true;
    });
  }

  /**
   * How a connect that was under way ended, without connecting again.
   *
   * @returns true when connected, {@link wouldBlock} while it is still under way.
   * @throws {WsaError} of the connect, when it failed.
   */
  finishConnect(): true | WouldBlock {
    this.#require(['client'], 'finishConnect');
    const code = getIntOption(this.#kernel, this.socket, 'getsockopt(SO_ERROR)', [
      SOL_SOCKET,
      SO_ERROR,
    ]);
    if (code !== 0) throw new WsaError('connect', code);
    try {
      this.peerEndpoint();
      return true;
    } catch (error) {
      if (error instanceof WsaError && error.wsaCode === WSAENOTCONN) return wouldBlock;
      throw error;
    }
  }

  /**
   * Sends bytes of a connection: at most 64 KiB a call, and possibly fewer than were given.
   *
   * @returns how many were taken, or {@link wouldBlock} when none could be.
   */
  send(bytes: Uint8Array, flags: TransferFlags = {}): number | WouldBlock {
    this.#require(['client', 'accepted'], 'send');
    const part = requireBytes(bytes, 'send').subarray(0, transferBytes);
    const block = this.#fill(part);
    const length = part.byteLength;
    const sent = this.#kernel.send(this.socket, block, length, flags.oob ? MSG_OOB : 0);
    return sent === SOCKET_ERROR ? this.#blockedBy('send') : sent;
  }

  /**
   * Receives bytes of a connection: at most as many as fit into `into`, and 64 KiB.
   *
   * @returns how many came; 0 at the end of the stream, when the other side sends no more; or
   *   {@link wouldBlock} when there are none now. `into` must have room for one, or 0 means nothing.
   */
  recv(into: Uint8Array, flags: TransferFlags = {}): number | WouldBlock {
    this.#require(['client', 'accepted'], 'recv');
    const room = requireRoom(into, 'recv');
    const block = transferBlock(this.#kernel);
    const code = (flags.oob ? MSG_OOB : 0) | (flags.peek ? MSG_PEEK : 0);
    const received = this.#kernel.recv(this.socket, block.address, room, code);
    if (received === SOCKET_ERROR) return this.#blockedBy('recv');
    into.set(block.read(0, received));
    return received;
  }

  /**
   * Sends one datagram, whole.
   *
   * @returns its length, or {@link wouldBlock}.
   */
  sendTo(bytes: Uint8Array, to: Endpoint): number | WouldBlock {
    this.#require(['datagram'], 'sendTo');
    if (requireBytes(bytes, 'sendTo').byteLength > transferBytes) {
      throw new SktError('ERR_SKT_ARGUMENT', `A datagram has at most ${transferBytes} bytes.`);
    }
    const name = encodeTarget(to);
    const block = this.#fill(bytes);
    transferBlock(this.#kernel).write(nameOffset, name);
    const at = block + nameOffset;
    const length = bytes.byteLength;
    const sent = this.#kernel.sendto(this.socket, block, length, 0, at, name.byteLength);
    return sent === SOCKET_ERROR ? this.#blockedBy('sendto') : sent;
  }

  /**
   * Receives one datagram. What does not fit into `into` is lost, and the call then fails with
   * WSAEMSGSIZE.
   *
   * @returns its length and sender, or {@link wouldBlock} when there is none now.
   */
  recvFrom(into: Uint8Array): Datagram | WouldBlock {
    this.#require(['datagram'], 'recvFrom');
    const room = requireRoom(into, 'recvFrom');
    const block = transferBlock(this.#kernel);
    block.writeI32(lengthOffset, nameBytes);
    const [name, length] = [block.address + nameOffset, block.address + lengthOffset];
    const byteLength = this.#kernel.recvfrom(this.socket, block.address, room, 0, name, length);
    if (byteLength === SOCKET_ERROR) return this.#blockedBy('recvfrom');
    into.set(block.read(0, byteLength));
    return { byteLength, from: requireEndpoint(block, 'recvfrom') };
  }

  /** Ends one direction of a connection, or both; the socket stays open. */
  shutdown(how: 'receive' | 'send' | 'both'): void {
    this.#require(['client', 'accepted'], 'shutdown');
    if (!Object.hasOwn(shutdownHow, how)) {
      throw new SktError('ERR_SKT_ARGUMENT', `shutdown wants receive, send or both, got ${how}.`);
    }
    if (this.#kernel.shutdown(this.socket, shutdownHow[how]) === SOCKET_ERROR) {
      throw lastWsaError(this.#kernel, 'shutdown');
    }
  }

  /** Reads an option. */
  getOption<K extends keyof SktOptions>(option: K): SktOptions[K] {
    return getOption(this.#kernel, this.socket, option);
  }

  /** Sets an option. */
  setOption<K extends keyof SktOptions>(option: K, value: SktOptions[K]): void {
    setOption(this.#kernel, this.socket, option, value);
  }

  /**
   * Makes {@link close} end the connection hard: unsent data is thrown away and the other side sees a
   * reset. Never done by default.
   */
  abortOnClose(): void {
    this.#require(['client', 'accepted'], 'abortOnClose');
    borrow(this.#kernel, linger.size, (memory) => {
      memory.writeU16(linger.fields.l_onoff[0], 1);
      memory.writeU16(linger.fields.l_linger[0], 0);
      const { address } = memory;
      const { size } = linger;
      const result = this.#kernel.setsockopt(this.socket, SOL_SOCKET, SO_LINGER, address, size);
      if (result === SOCKET_ERROR) throw lastWsaError(this.#kernel, 'setsockopt(SO_LINGER)');
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
    const error = result === SOCKET_ERROR ? lastWsaError(this.#kernel, 'closesocket') : undefined;
    stopWinsock(this.#kernel);
    if (error !== undefined) throw error;
  }

  /** Copies what is to be sent to where Winsock reads it; returns the address. */
  #fill(bytes: Uint8Array): number {
    const block = transferBlock(this.#kernel);
    block.write(0, bytes);
    return block.address;
  }

  #endpoint(call: 'getsockname' | 'getpeername'): Endpoint {
    const { socket } = this;
    const block = transferBlock(this.#kernel);
    block.writeI32(lengthOffset, nameBytes);
    const [name, length] = [block.address + nameOffset, block.address + lengthOffset];
    if (this.#kernel[call](socket, name, length) === SOCKET_ERROR) {
      throw lastWsaError(this.#kernel, call);
    }
    return requireEndpoint(block, call);
  }

  #require(kinds: readonly SktKind[], call: string): void {
    // Closed is said first, and before any memory is touched.
    if (this.socket !== undefined && kinds.includes(this.kind)) return;
    const wanted = kinds.join(' or ');
    throw new SktError(
      'ERR_SKT_KIND',
      `${call} wants a socket of kind ${wanted}, not ${this.kind}.`,
    );
  }

  /** Would-block if that is what the call just said; throws what else it said. */
  #blockedBy(call: string): WouldBlock {
    const error = lastWsaError(this.#kernel, call);
    if (error.wsaCode === WSAEWOULDBLOCK) return wouldBlock;
    throw error;
  }
}

/** The endpoint that a call stored behind the data. */
function requireEndpoint(block: NativeMemory, call: string): Endpoint {
  const endpoint = decodeSockaddr(block.read(nameOffset, block.readI32(lengthOffset)));
  if (endpoint !== undefined) return endpoint;
  throw new SktError('ERR_ADDRESS', `${call} returned an address that is no IP address.`);
}

function requireBytes(bytes: Uint8Array, call: string): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new SktError('ERR_SKT_ARGUMENT', `${call} wants a Uint8Array.`);
}

function requireRoom(into: Uint8Array, call: string): number {
  if (into instanceof Uint8Array && into.byteLength > 0) {
    return Math.min(into.byteLength, transferBytes);
  }
  throw new SktError('ERR_SKT_ARGUMENT', `${call} wants a Uint8Array with room for a byte.`);
}

function encodeTarget(to: Endpoint): Uint8Array {
  if (isIP(to?.host) !== 0 && Number.isInteger(to.port) && to.port >= 1 && to.port <= 65_535) {
    return encodeSockaddr(to);
  }
  const given = JSON.stringify(to);
  throw new SktError('ERR_ADDRESS', `A datagram goes to a host and a port, got ${given}.`);
}
