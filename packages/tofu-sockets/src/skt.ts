import { type HANDLE, type Kernel, WsaError } from 'ntdllx';
import {
  INVALID_SOCKET,
  MSG_OOB,
  SD_BOTH,
  SD_RECEIVE,
  SD_SEND,
  type SOCKET,
  SOCKET_ERROR,
  WSAEWOULDBLOCK,
} from 'ntdllx/ws2_32';
import type { Endpoint, SktAddress } from './address.js';
import { borrow } from './borrow.js';
import { requireBytes, requireRoom } from './bytes.js';
import { connectOutcome } from './connect-outcome.js';
import { SktError } from './errors.js';
import { withNativeName } from './native-name.js';
import {
  findBaseHandle,
  isSocket,
  lastWsaError,
  lingerZero,
  makeNonBlocking,
} from './native-skt.js';
import { getOption, type SktOptions, setOption } from './options.js';
import { requirePeer } from './peer.js';
import { show } from './show.js';
import { encodeSockaddr } from './sockaddr.js';
import { flagBits, type TransferFlags } from './transfer-flags.js';
import { removeOwnFile } from './uds-files.js';
import { type Direction, requireWatcher, type SktWatcher, tellAll } from './watchers.js';
import { startWinsock, stopWinsock } from './winsock.js';
import { type WouldBlock, wouldBlock } from './would-block.js';

/** How many bytes of a connection one call moves at the most. */
const largestTransferBytes = 2 ** 20;
/** No datagram has more. */
const datagramBytes = 65_536;

/** A datagram that was received. */
export interface Datagram {
  /** How many bytes of it were stored. 0 is an empty datagram, and no end of anything. */
  readonly byteLength: number;
  /** Who sent it. */
  readonly from: Endpoint;
}

/** What a socket is for. */
export type SktKind = 'listener' | 'client' | 'accepted' | 'datagram';

const streams: readonly SktKind[] = ['client', 'accepted'];
const everyKind: readonly SktKind[] = ['listener', 'datagram', ...streams];

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
  #isClosing = false;
  /** How connect went. Kept, for Winsock forgets: a failure once told, a success once reset. */
  #connect: 'not yet' | 'started' | 'done' | WsaError = 'not yet';
  #watchers: Set<SktWatcher> | undefined;

  /** Takes over `socket`, which Winsock just made: on a throw it is closed. For this package. */
  constructor(kernel: Kernel, socket: SOCKET, kind: SktKind, address?: SktAddress) {
    if (!(isSocket(kernel, socket) && everyKind.includes(kind))) {
      throw new SktError('ERR_SKT_ARGUMENT', 'A Skt is made by SocketCreator or by accept.');
    }
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
    return Skt.#own(this, 'isOpen').#socket !== undefined;
  }

  /** True if it was made on this kernel, or one that lays hands on the same memory. */
  isOn(kernel: Kernel): boolean {
    return Skt.#own(this, 'isOn').#kernel.allocate === kernel?.allocate;
  }

  /** Winsock's handle. It is this object's: never close it elsewhere. */
  get socket(): SOCKET {
    return Skt.#own(this, 'socket').#open();
  }

  /**
   * The handle of the base provider, which AFD knows the socket by. A layered provider may have
   * put another handle in front of it.
   *
   * @throws {WsaError} when the provider hides it: such a socket cannot be polled.
   */
  baseHandle(): HANDLE {
    Skt.#require(this, 'baseHandle');
    return findBaseHandle(this.#kernel, this.#open());
  }

  /**
   * Accepts one connection. The new socket is the caller's, and non-blocking by our own doing.
   *
   * @returns the socket, or {@link wouldBlock} when nobody waits.
   * @throws {WsaError} WSAECONNRESET, by documentation, when a client gave up while it waited: that is
   *   no fault of the listener, accept again.
   */
  accept(): Skt | WouldBlock {
    Skt.#require(this, 'accept', ['listener']);
    const accepted = this.#kernel.accept(this.#open(), 0, 0);
    if (BigInt(accepted) !== INVALID_SOCKET) return new Skt(this.#kernel, accepted, 'accepted');
    return this.#blockedBy('accept', 'accept');
  }

  /**
   * Starts connecting to the address that the socket was made from. Called once; how it ended is
   * asked with {@link finishConnect}.
   *
   * @returns true when connected already, {@link wouldBlock} while it is under way.
   * @throws {SktError} `ERR_SKT_STATE` the second time, unless the first one failed.
   */
  connect(): true | WouldBlock {
    Skt.#require(this, 'connect', ['client']);
    if (this.#connect === 'started' || this.#connect === 'done') {
      throw new SktError('ERR_SKT_STATE', 'connect was called: finishConnect says how it went.');
    }
    const error = this.#connectBy(this.#address as SktAddress);
    const isFailed = error !== undefined && error.wsaCode !== WSAEWOULDBLOCK;
    if (error === undefined) this.#connect = 'done';
    else this.#connect = isFailed ? error : 'started';
    if (isFailed) throw error;
    return error === undefined ? true : this.#tellBlocked('connect');
  }

  /**
   * Tells a UDP socket who its peer is: from then on {@link recvFrom} gets that peer's datagrams alone.
   * May be called again with another one. Nothing is sent.
   */
  connectTo(peer: Endpoint): void {
    Skt.#require(this, 'connectTo', ['datagram']);
    const error = this.#connectBy(requirePeer(peer, this.#address));
    if (error !== undefined) throw error;
  }

  /**
   * How a connect that was under way ended, without connecting again.
   *
   * @returns true when connected, {@link wouldBlock} while it is still under way.
   * @throws {WsaError} of the connect, when it failed; the same one each time. WSAECONNRESET also when
   *   it succeeded, and the other side reset the connection before this was asked.
   * @throws {SktError} `ERR_SKT_STATE` before {@link connect}.
   */
  finishConnect(): true | WouldBlock {
    Skt.#require(this, 'finishConnect', ['client']);
    if (this.#connect === 'not yet') {
      throw new SktError('ERR_SKT_STATE', 'Nothing to finish: call connect first.');
    }
    if (this.#connect === 'started') this.#connect = connectOutcome(this.#kernel, this.#open());
    if (this.#connect instanceof WsaError) throw this.#connect;
    return this.#connect === 'done' ? true : this.#tellBlocked('connect');
  }

  /**
   * Sends bytes of a connection: at most 1 MiB a call, and possibly fewer than were given. A short
   * count is not would-block: call again with the rest. Nothing is copied but by Winsock itself.
   *
   * @returns how many were taken, or {@link wouldBlock} when none could be.
   */
  send(bytes: Uint8Array, flags: TransferFlags = {}): number | WouldBlock {
    Skt.#require(this, 'send', streams);
    const bits = flagBits(flags, 'send');
    const socket = this.#open();
    // Flags may have run code of the caller's; from here on nothing does.
    const length = Math.min(requireBytes(bytes, 'send'), largestTransferBytes);
    const sent = this.#kernel.send(socket, bytes, length, bits);
    return sent === SOCKET_ERROR ? this.#blockedBy('send', 'send') : sent;
  }

  /**
   * Receives bytes of a connection: at most as many as fit into `into`, and 1 MiB. They are written
   * where they are to be, by Winsock itself.
   *
   * @returns how many came; 0 at the end of the stream, when the other side sends no more; or
   *   {@link wouldBlock} when there are none now. `into` must have room for one, or 0 means nothing.
   */
  recv(into: Uint8Array, flags: TransferFlags = {}): number | WouldBlock {
    Skt.#require(this, 'recv', streams);
    const bits = flagBits(flags, 'recv');
    const socket = this.#open();
    const room = Math.min(requireRoom(into, 'recv'), largestTransferBytes);
    const received = this.#kernel.recv(socket, into, room, bits);
    if (received !== SOCKET_ERROR) return received;
    return this.#blockedBy('recv', (bits & MSG_OOB) === 0 ? 'receive' : 'urgent');
  }

  /**
   * Sends one datagram, whole, to an address of the socket's own family.
   *
   * @returns its length, or {@link wouldBlock}.
   */
  sendTo(bytes: Uint8Array, to: Endpoint): number | WouldBlock {
    Skt.#require(this, 'sendTo', ['datagram']);
    if (requireBytes(bytes, 'sendTo') > datagramBytes) {
      throw new SktError('ERR_SKT_ARGUMENT', `A datagram has at most ${datagramBytes} bytes.`);
    }
    const name = encodeSockaddr(requirePeer(to, this.#address));
    const socket = this.#open();
    const kernel = this.#kernel;
    const sent = borrow(kernel, name.byteLength, (memory) => {
      memory.write(0, name);
      // Asked again: the endpoint may have run code of the caller's. From here on nothing does.
      const length = requireBytes(bytes, 'sendTo');
      return kernel.sendto(socket, bytes, length, 0, memory.address, name.byteLength);
    });
    return sent === SOCKET_ERROR ? this.#blockedBy('sendto', 'send') : sent;
  }

  /**
   * Receives one datagram. What does not fit into `into` is lost, and the call then fails with
   * WSAEMSGSIZE.
   *
   * @returns its length and sender, or {@link wouldBlock} when there is none now.
   */
  recvFrom(into: Uint8Array): Datagram | WouldBlock {
    Skt.#require(this, 'recvFrom', ['datagram']);
    const socket = this.#open();
    const kernel = this.#kernel;
    const room = Math.min(requireRoom(into, 'recvFrom'), datagramBytes);
    const datagram = withNativeName(kernel, 'recvfrom', (name, length, stored) => {
      const byteLength = kernel.recvfrom(socket, into, room, 0, name, length);
      return byteLength === SOCKET_ERROR ? undefined : { byteLength, from: stored.read() };
    });
    // Only now, for it tells the watchers: they may close the last socket, and with it the memory.
    return datagram ?? this.#blockedBy('recvfrom', 'receive');
  }

  /** Ends one direction of a connection, or both; the socket stays open. */
  shutdown(how: 'receive' | 'send' | 'both'): void {
    Skt.#require(this, 'shutdown', streams);
    if (typeof how !== 'string' || !Object.hasOwn(shutdownHow, how)) {
      const given = show(how);
      throw new SktError('ERR_SKT_ARGUMENT', `shutdown wants receive, send or both, got ${given}.`);
    }
    if (this.#kernel.shutdown(this.#open(), shutdownHow[how]) === SOCKET_ERROR) {
      throw lastWsaError(this.#kernel, 'shutdown');
    }
  }

  /** Reads an option. */
  getOption<K extends keyof SktOptions>(option: K): SktOptions[K] {
    Skt.#require(this, 'getOption');
    return getOption(this.#kernel, this.#open(), option);
  }

  /** Sets an option. */
  setOption<K extends keyof SktOptions>(option: K, value: SktOptions[K]): void {
    Skt.#require(this, 'setOption');
    setOption(this.#kernel, this.#open(), option, value);
  }

  /**
   * Makes {@link close} end the connection hard: unsent data is thrown away and the other side sees a
   * reset. Never done by default.
   */
  abortOnClose(): void {
    Skt.#require(this, 'abortOnClose', streams);
    lingerZero(this.#kernel, this.#open());
  }

  /** This side's endpoint. Of a client it can be relied on once it is connected, not before. */
  localEndpoint(): Endpoint {
    Skt.#require(this, 'localEndpoint');
    return this.#endpoint('getsockname');
  }

  /** The other side's endpoint, of a connected socket. */
  peerEndpoint(): Endpoint {
    Skt.#require(this, 'peerEndpoint');
    return this.#endpoint('getpeername');
  }

  /**
   * Has a poller told of every would-block, which edge-triggered readiness needs, and of the close.
   * Costs nothing where nobody watches. The same watcher is told once, however often it came.
   *
   * @throws {SktError} `ERR_SKT_CLOSED` also while the close is told: it would not hear of it.
   */
  watch(watcher: SktWatcher): void {
    Skt.#require(this, 'watch');
    if (this.#isClosing) {
      throw new SktError('ERR_SKT_CLOSED', `This ${this.kind} socket is being closed.`);
    }
    this.#watchers ??= new Set();
    this.#watchers.add(requireWatcher(watcher));
  }

  /** Takes {@link watch} back; a watcher that is not there is fine, and so is a closed socket. */
  unwatch(watcher: SktWatcher): void {
    Skt.#own(this, 'unwatch').#watchers?.delete(watcher);
  }

  /** Closes the socket; a poll that is pending on it completes. Idempotent. */
  close(): void {
    const socket = Skt.#own(this, 'close').#socket;
    if (socket === undefined || this.#isClosing) return;
    this.#isClosing = true;
    const watcherError = this.#watchers && tellAll(this.#watchers, (each) => each.onClose?.(this));
    this.#watchers = undefined;
    this.#socket = undefined;
    const result = this.#kernel.closesocket(socket);
    const error = result === SOCKET_ERROR ? lastWsaError(this.#kernel, 'closesocket') : undefined;
    try {
      stopWinsock(this.#kernel);
    } finally {
      removeOwnFile(this);
    }
    if (error !== undefined) throw error;
    if (watcherError !== undefined) throw watcherError.thrown;
  }

  /** The handle itself: the getter may have been overridden, and would run code of the caller's. */
  #open(): SOCKET {
    const socket = this.#socket;
    if (socket !== undefined) return socket;
    throw new SktError('ERR_SKT_CLOSED', `This ${this.kind} socket is closed.`);
  }

  /** Hands Winsock's connect a name. @returns what it said, if it is not done. */
  #connectBy(to: Endpoint | { readonly path: string }): WsaError | undefined {
    const socket = this.#open();
    const name = encodeSockaddr(to);
    return borrow(this.#kernel, name.byteLength, (memory) => {
      memory.write(0, name);
      const result = this.#kernel.connect(socket, memory.address, name.byteLength);
      return result === SOCKET_ERROR ? lastWsaError(this.#kernel, 'connect') : undefined;
    });
  }

  #endpoint(call: 'getsockname' | 'getpeername'): Endpoint {
    const socket = this.#open();
    return withNativeName(this.#kernel, call, (name, length, stored) => {
      if (this.#kernel[call](socket, name, length) === SOCKET_ERROR) {
        throw lastWsaError(this.#kernel, call);
      }
      return stored.read();
    });
  }

  /** Would-block if that is what the call just said; throws what else it said. */
  #blockedBy(call: string, direction: Direction): WouldBlock {
    const code = this.#kernel.WSAGetLastError();
    // An error object is not made for what is no error: its stack alone costs more than the call.
    if (code !== WSAEWOULDBLOCK) throw new WsaError(call, code);
    return this.#tellBlocked(direction);
  }

  #tellBlocked(direction: Direction): WouldBlock {
    if (this.#watchers === undefined) return wouldBlock;
    const error = tellAll(this.#watchers, (each) => each.onWouldBlock?.(this, direction));
    if (error !== undefined) throw error.thrown;
    return wouldBlock;
  }

  /** A method may be called on anything; what is no socket is refused by name. */
  static #own(self: unknown, call: string): Skt {
    if (typeof self === 'object' && self !== null && #socket in self) return self;
    const hint = `call it as skt.${call}, on one that SocketCreator made.`;
    throw new SktError('ERR_SKT_ARGUMENT', `${call} belongs to a Skt: ${hint}`);
  }

  static #require(self: unknown, call: string, kinds = everyKind): void {
    const skt = Skt.#own(self, call);
    // Closed is said first, and before any memory is touched.
    skt.#open();
    const { kind } = skt;
    if (kinds.includes(kind)) return;
    const wanted = kinds.join(' or ');
    throw new SktError('ERR_SKT_KIND', `${call} wants a socket of kind ${wanted}, not ${kind}.`);
  }
}
