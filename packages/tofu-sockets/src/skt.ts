import { type HANDLE, isRealKernel, type Kernel, showValue, WsaError } from 'ntdllx';
import {
  INVALID_SOCKET,
  MSG_OOB,
  SD_BOTH,
  SD_RECEIVE,
  SD_SEND,
  type SOCKET,
  SOCKET_ERROR,
  WSAEINVAL,
  WSAEWOULDBLOCK,
} from 'ntdllx/ws2_32';
import type { Endpoint, SktAddress, SktEndpoint } from './address.js';
import { borrow } from './borrow.js';
import { requireBytes, requireRoom } from './bytes.js';
import { connectDone, connectError, connectOutcome, connectUnderWay } from './connect-outcome.js';
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
import {
  type AcceptedSkt,
  type AnySkt,
  type Datagram,
  type Skt,
  type SktKind,
  sktBrand,
} from './skt-types.js';
import { encodeSockaddr } from './sockaddr.js';
import { flagBits, type TransferFlags } from './transfer-flags.js';
import { removeOwnFile } from './uds-files.js';
import {
  type Direction,
  reportClose,
  reportWouldBlock,
  requireWatcher,
  type SktWatcher,
  type Watchers,
} from './watchers.js';
import { startWinsock, stopWinsock } from './winsock.js';
import { type WouldBlock, wouldBlock } from './would-block.js';

/** The maximum number of bytes that one send or recv transfers. */
const largestTransferBytes = 2 ** 20;
/** The maximum number of bytes of a datagram. */
const datagramBytes = 65_536;

const streams: readonly SktKind[] = ['client', 'accepted'];
const everyKind: readonly SktKind[] = ['listener', 'datagram', ...streams];

const noWatchers: Watchers = [];
/** A shared default, so that a call does not allocate an object. */
const noFlags: TransferFlags = {};

const shutdownHow = { receive: SD_RECEIVE, send: SD_SEND, both: SD_BOTH } as const;

/** The implementation of all kinds of sockets. `skt-types.ts` documents its methods. */
export class NativeSkt implements AnySkt {
  declare readonly [sktBrand]: true;
  readonly kind: SktKind;
  readonly #kernel: Kernel;
  /** The address from which the socket was made; for an accepted socket its listener's address. */
  readonly #address: SktAddress | undefined;
  #socket: SOCKET | undefined;
  #isClosing = false;
  /**
   * The state of the connect. It is kept, because Winsock forgets a failure once it was read, and
   * a success once the connection was reset.
   */
  #connect: 'not yet' | 'started' | 'done' | WsaError = 'not yet';
  #watchers = noWatchers;

  static {
    // On the prototype, because there may be many sockets.
    Object.defineProperty(NativeSkt.prototype, sktBrand, { value: true });
  }

  /**
   * Takes ownership of a new `socket`: closes it if the constructor throws. For this package only.
   */
  constructor(kernel: Kernel, socket: SOCKET, kind: SktKind, address?: SktAddress) {
    if (!(isSocket(kernel, socket) && everyKind.includes(kind))) {
      throw new SktError(
        'ERR_SKT_ARGUMENT',
        'Only SocketCreator and accept create sockets: use new SocketCreator().fromAddress(address).',
      );
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

  get isOpen(): boolean {
    return NativeSkt.#own(this, 'isOpen').#socket !== undefined;
  }

  isOn(kernel: Kernel): boolean {
    const own = NativeSkt.#own(this, 'isOn').#kernel;
    return own.allocate === kernel?.allocate || (isRealKernel(own) && isRealKernel(kernel));
  }

  get socket(): SOCKET {
    return NativeSkt.#own(this, 'socket').#open();
  }

  baseHandle(): HANDLE {
    NativeSkt.#require(this, 'baseHandle');
    return findBaseHandle(this.#kernel, this.#open());
  }

  accept(): AcceptedSkt | WouldBlock {
    NativeSkt.#require(this, 'accept', ['listener']);
    const accepted = this.#kernel.accept(this.#open(), 0, 0);
    if (BigInt(accepted) !== INVALID_SOCKET) {
      return new NativeSkt(
        this.#kernel,
        accepted,
        'accepted',
        this.#address,
      ) as AnySkt as AcceptedSkt;
    }
    return this.#blockedBy('accept', 'accept');
  }

  connect(): true | WouldBlock {
    NativeSkt.#require(this, 'connect', ['client']);
    if (this.#connect === 'started' || this.#connect === 'done') {
      throw new SktError(
        'ERR_SKT_STATE',
        'connect was already called: call finishConnect for its result.',
      );
    }
    const address = this.#address as SktAddress;
    const code = this.#connectBy(address);
    if (code !== connectDone && code !== WSAEWOULDBLOCK) {
      this.#connect = connectError(this.#kernel, address, code);
      throw this.#connect;
    }
    this.#connect = code === connectDone ? 'done' : 'started';
    // Also if the connect succeeded at once: a poll that was submitted before it may not report
    // it.
    reportWouldBlock(this.#watchers, this.#self(), 'connect');
    return code === connectDone ? true : wouldBlock;
  }

  connectTo(peer: Endpoint): void {
    NativeSkt.#require(this, 'connectTo', ['datagram']);
    const code = this.#connectBy(requirePeer(peer, this.#address));
    if (code !== 0) throw new WsaError('connect', code);
  }

  finishConnect(): true | WouldBlock {
    NativeSkt.#require(this, 'finishConnect', ['client']);
    if (this.#connect === 'not yet') {
      throw new SktError('ERR_SKT_STATE', 'finishConnect was called before connect.');
    }
    if (this.#connect === 'started') {
      const outcome = connectOutcome(this.#kernel, this.#open());
      if (outcome === connectUnderWay) return this.#reportBlocked('finishConnect');
      const address = this.#address as SktAddress;
      this.#connect =
        outcome === connectDone ? 'done' : connectError(this.#kernel, address, outcome);
    }
    if (this.#connect instanceof WsaError) throw this.#connect;
    return true;
  }

  send(bytes: Uint8Array, flags: TransferFlags = noFlags): number | WouldBlock {
    NativeSkt.#require(this, 'send', streams);
    const bits = flagBits(flags, 'send');
    const socket = this.#open();
    // Reading the flags may have run user code. From here on no user code runs before the call.
    const length = Math.min(requireBytes(bytes, 'send'), largestTransferBytes);
    const sent = this.#kernel.send(socket, bytes, length, bits);
    return sent === SOCKET_ERROR ? this.#blockedBy('send', 'writable') : sent;
  }

  recv(into: Uint8Array, flags: TransferFlags = noFlags): number | WouldBlock {
    NativeSkt.#require(this, 'recv', streams);
    const bits = flagBits(flags, 'recv');
    const socket = this.#open();
    const room = Math.min(requireRoom(into, 'recv'), largestTransferBytes);
    const received = this.#kernel.recv(socket, into, room, bits);
    if (received !== SOCKET_ERROR) return received;
    return this.#blockedBy('recv', (bits & MSG_OOB) === 0 ? 'readable' : 'priority');
  }

  sendTo(bytes: Uint8Array, to: Endpoint): number | WouldBlock {
    NativeSkt.#require(this, 'sendTo', ['datagram']);
    const byteLength = requireBytes(bytes, 'sendTo');
    if (byteLength > datagramBytes) {
      throw new SktError(
        'ERR_SKT_ARGUMENT',
        `sendTo got ${byteLength} bytes, but a datagram has at most ${datagramBytes}.`,
      );
    }
    const name = encodeSockaddr(requirePeer(to, this.#address));
    const socket = this.#open();
    const kernel = this.#kernel;
    const sent = borrow(kernel, name.byteLength, (memory) => {
      memory.write(0, name);
      // Checked again, because reading the endpoint may have run user code. From here on none
      // runs.
      const length = requireBytes(bytes, 'sendTo');
      return kernel.sendto(socket, bytes, length, 0, memory.address, name.byteLength);
    });
    return sent === SOCKET_ERROR ? this.#blockedBy('sendto', 'writable') : sent;
  }

  recvFrom(into: Uint8Array): Datagram | WouldBlock {
    NativeSkt.#require(this, 'recvFrom', ['datagram']);
    const socket = this.#open();
    const kernel = this.#kernel;
    const room = Math.min(requireRoom(into, 'recvFrom'), datagramBytes);
    const datagram = withNativeName(kernel, 'recvfrom', (name, length, stored) => {
      const byteLength = kernel.recvfrom(socket, into, room, 0, name, length);
      return byteLength === SOCKET_ERROR ? undefined : { byteLength, from: stored.read() };
    });
    // Only after the memory was given back, because this notifies watchers. They may close the
    // last socket, which frees the shared memory.
    return datagram ?? this.#blockedBy('recvfrom', 'readable');
  }

  shutdown(how: 'receive' | 'send' | 'both'): void {
    NativeSkt.#require(this, 'shutdown', streams);
    if (typeof how !== 'string' || !Object.hasOwn(shutdownHow, how)) {
      const given = showValue(how);
      throw new SktError(
        'ERR_SKT_ARGUMENT',
        `The argument of shutdown must be 'receive', 'send' or 'both', got ${given}.`,
      );
    }
    if (this.#kernel.shutdown(this.#open(), shutdownHow[how]) === SOCKET_ERROR) {
      throw lastWsaError(this.#kernel, 'shutdown');
    }
  }

  getOption<K extends keyof SktOptions>(option: K): SktOptions[K] {
    NativeSkt.#require(this, 'getOption');
    return getOption(this.#kernel, this.#open(), option);
  }

  setOption<K extends keyof SktOptions>(option: K, value: SktOptions[K]): void {
    NativeSkt.#require(this, 'setOption');
    setOption(this.#kernel, this.#open(), option, value);
  }

  abortOnClose(): void {
    NativeSkt.#require(this, 'abortOnClose', streams);
    lingerZero(this.#kernel, this.#open());
  }

  localEndpoint(): SktEndpoint {
    NativeSkt.#require(this, 'localEndpoint');
    return this.#endpoint('getsockname');
  }

  peerEndpoint(): SktEndpoint {
    NativeSkt.#require(this, 'peerEndpoint');
    return this.#endpoint('getpeername');
  }

  watch(watcher: SktWatcher): void {
    NativeSkt.#require(this, 'watch');
    if (this.#isClosing) {
      throw new SktError('ERR_SKT_CLOSED', `This ${this.kind} socket is being closed.`);
    }
    requireWatcher(watcher);
    if (!this.#watchers.includes(watcher)) this.#watchers = [...this.#watchers, watcher];
  }

  unwatch(watcher: SktWatcher): void {
    const skt = NativeSkt.#own(this, 'unwatch');
    const rest = skt.#watchers.filter((each) => each !== watcher);
    skt.#watchers = rest.length === 0 ? noWatchers : rest;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  close(): void {
    const socket = NativeSkt.#own(this, 'close').#socket;
    if (socket === undefined || this.#isClosing) return;
    this.#isClosing = true;
    const watcherError = reportClose(this.#watchers, this.#self());
    this.#watchers = noWatchers;
    this.#socket = undefined;
    const result = this.#kernel.closesocket(socket);
    const error = result === SOCKET_ERROR ? lastWsaError(this.#kernel, 'closesocket') : undefined;
    try {
      stopWinsock(this.#kernel);
    } finally {
      removeOwnFile(this.#self());
    }
    if (error !== undefined) throw error;
    if (watcherError !== undefined) throw watcherError.thrown;
  }

  /** This socket as the public type. */
  #self(): Skt {
    return this as AnySkt as Skt;
  }

  /** The handle. Does not use the getter, because a program may have overridden it. */
  #open(): SOCKET {
    const socket = this.#socket;
    if (socket !== undefined) return socket;
    throw new SktError(
      'ERR_SKT_CLOSED',
      `This ${this.kind} socket is closed. Call close only after its last use.`,
    );
  }

  /** Calls Winsock's connect. @returns {@link connectDone}, or the Winsock code of the failure. */
  #connectBy(to: Endpoint | { readonly path: string }): number {
    const socket = this.#open();
    const name = encodeSockaddr(to);
    return borrow(this.#kernel, name.byteLength, (memory) => {
      memory.write(0, name);
      const result = this.#kernel.connect(socket, memory.address, name.byteLength);
      if (result !== SOCKET_ERROR) return connectDone;
      // wine-staging's AF_UNIX may fail without a code.
      return this.#kernel.WSAGetLastError() || WSAEINVAL;
    });
  }

  #endpoint(call: 'getsockname' | 'getpeername'): SktEndpoint {
    const socket = this.#open();
    const isPath = this.#address !== undefined && 'path' in this.#address;
    return withNativeName(this.#kernel, call, (name, length, stored) => {
      if (this.#kernel[call](socket, name, length) !== SOCKET_ERROR) {
        return isPath ? { path: stored.readPath() } : stored.read();
      }
      const error = lastWsaError(this.#kernel, call);
      // WSAEINVAL means that the socket is not bound, as no AF_UNIX socket is except a server's.
      const isUnbound = isPath && call === 'getsockname' && error.wsaCode === WSAEINVAL;
      if (isUnbound) return { path: '' };
      throw error;
    });
  }

  /**
   * For a call that just failed: returns would-block if it would have blocked, otherwise throws.
   */
  #blockedBy(call: string, direction: Direction): WouldBlock {
    const code = this.#kernel.WSAGetLastError();
    // For a would-block no error object is made: its stack trace alone costs more than the call.
    if (code !== WSAEWOULDBLOCK) throw new WsaError(call, code);
    return this.#reportBlocked(direction);
  }

  #reportBlocked(direction: Direction): WouldBlock {
    reportWouldBlock(this.#watchers, this.#self(), direction);
    return wouldBlock;
  }

  /** Checks `this` of a method, because a program may call a method on any value. */
  static #own(self: unknown, call: string): NativeSkt {
    if (typeof self === 'object' && self !== null && #socket in self) return self;
    throw new SktError(
      'ERR_SKT_ARGUMENT',
      `${call} was called without its socket: call it as a method, skt.${call}, on a socket that ` +
        'SocketCreator or accept created.',
    );
  }

  static #require(self: unknown, call: string, kinds = everyKind): void {
    const skt = NativeSkt.#own(self, call);
    // A closed socket is reported first, before any native memory is used.
    skt.#open();
    const { kind } = skt;
    if (kinds.includes(kind)) return;
    const wanted = kinds.join(' or ');
    throw new SktError(
      'ERR_SKT_KIND',
      `${call} works on sockets of kind ${wanted}; this one is of kind ${kind}.`,
    );
  }
}
