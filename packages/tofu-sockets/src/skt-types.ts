import type { HANDLE, Kernel } from 'ntdllx';
import type { SOCKET } from 'ntdllx/ws2_32';
import type { Endpoint, SktEndpoint } from './address.js';
import type { SktOptions } from './options.js';
import type { TransferFlags } from './transfer-flags.js';
import type { SktWatcher } from './watchers.js';
import type { WouldBlock } from './would-block.js';

/** A datagram that was received. */
export interface Datagram {
  /** The datagram's length. 0 is an empty datagram; it does not mean the end of a stream. */
  readonly byteLength: number;
  /** The sender's endpoint. */
  readonly from: Endpoint;
}

/** The kind of a socket. */
export type SktKind = 'listener' | 'client' | 'accepted' | 'datagram';

/**
 * Marks sockets. It is the same in every installed copy of this package with compatible sockets.
 */
export const sktBrand: unique symbol = Symbol.for('tofu-sockets.Skt.1');

/** True for a socket, also if another installed copy of this package made it. */
export function isSkt(value: unknown): value is Skt {
  return typeof value === 'object' && value !== null && sktBrand in value && 'isOn' in value;
}

/**
 * What all non-blocking sockets have in common. `SocketCreator` and `accept` make them; the caller
 * closes them. A socket must not be shared between threads.
 *
 * After {@link close}, and for wrong arguments, every method throws `SktError` and calls nothing.
 * If a Winsock call fails, the method throws ntdllx's `WsaError` with the call and the code. After
 * an error the socket is as usable as before.
 *
 * @typeParam E the type of endpoints: a host and a port, or the path of an AF_UNIX socket.
 */
export interface AnySkt<E extends SktEndpoint = SktEndpoint> extends Disposable {
  /** See {@link isSkt}. */
  readonly [sktBrand]: true;
  /** Determines the type: see {@link Skt}. */
  readonly kind: SktKind;

  /** True until {@link close}. */
  readonly isOpen: boolean;

  /** Winsock's handle. This object owns it: no other code may close it. */
  readonly socket: SOCKET;

  /**
   * True if the socket was made on this kernel; the real kernels of all copies of ntdllx are
   * equal.
   */
  isOn(kernel: Kernel): boolean;

  /**
   * The socket's handle of the base provider, which is the handle that AFD knows. If there is a
   * layered provider, {@link socket} may be another handle.
   *
   * @throws {WsaError} if the provider hides the base handle. Such a socket cannot be polled.
   */
  baseHandle(): HANDLE;

  /** Reads an option. */
  getOption<K extends keyof SktOptions>(option: K): SktOptions[K];

  /** Sets an option. */
  setOption<K extends keyof SktOptions>(option: K, value: SktOptions[K]): void;

  /**
   * The local endpoint. For a client over IP it is reliable only once the client is connected. A
   * client over AF_UNIX is never bound, so its path is ''.
   */
  localEndpoint(): E;

  /** The peer's endpoint, for a connected socket. */
  peerEndpoint(): E;

  /**
   * Adds a watcher: an object to which the socket reports every would-block and its close. A
   * poller needs these reports for edge-triggered events. Without a watcher they cost nothing.
   * Adding the same watcher again has no effect.
   *
   * @throws {SktError} `ERR_SKT_CLOSED` also while the socket reports its close, because the new
   *   watcher would not get that report.
   */
  watch(watcher: SktWatcher): void;

  /** Removes a watcher. Does nothing if it was not added, or if the socket is closed. */
  unwatch(watcher: SktWatcher): void;

  /** Closes the socket. A poll that is pending on it completes. A second call does nothing. */
  close(): void;
}

/** A socket that listens. */
export interface ListenerSkt<E extends SktEndpoint = SktEndpoint> extends AnySkt<E> {
  /** Determines the type: see {@link Skt}. */
  readonly kind: 'listener';

  /**
   * Accepts one connection. The new socket is non-blocking; the caller closes it.
   *
   * @returns the socket, or `wouldBlock` if no client is waiting.
   * @throws {WsaError} WSAECONNRESET, by documentation, if a client reset its connection while it
   *   was waiting. The listener still works: call accept again.
   */
  accept(): AcceptedSkt<E> | WouldBlock;
}

/** A connection, or a client socket that is not connected yet. */
export interface StreamSkt<E extends SktEndpoint = SktEndpoint> extends AnySkt<E> {
  /** Determines the type: see {@link Skt}. */
  readonly kind: 'client' | 'accepted';

  /**
   * Sends bytes: at most 1 MiB per call, and possibly fewer than given. A smaller count does not
   * mean would-block: call send again with the rest. Only Winsock copies the bytes.
   *
   * @returns how many bytes Winsock took, or `wouldBlock` if it could not take any.
   */
  send(bytes: Uint8Array, flags?: TransferFlags): number | WouldBlock;

  /**
   * Receives bytes: at most as many as fit into `into`, and at most 1 MiB. Winsock writes them
   * directly to `into`, which must have room for at least one byte.
   *
   * @returns how many bytes were received; 0 at the end of the stream, when the peer sends no
   *   more; or `wouldBlock` if no data is there now. Under Wine 0 may also follow a reset (measured):
   *   under Wine 8 always, under Wine 10 if the reset arrives during the call. A poll reports ABORT
   *   for a reset, and DISCONNECT for the end.
   */
  recv(into: Uint8Array, flags?: TransferFlags): number | WouldBlock;

  /** Shuts down one direction of the connection, or both. The socket stays open. */
  shutdown(how: 'receive' | 'send' | 'both'): void;

  /**
   * Makes {@link close} reset the connection: unsent data is discarded, and the peer sees a reset.
   * Off by default.
   */
  abortOnClose(): void;
}

/** A connection that this side opens. */
export interface ClientSkt<E extends SktEndpoint = SktEndpoint> extends StreamSkt<E> {
  /** Determines the type: see {@link Skt}. */
  readonly kind: 'client';

  /**
   * Starts connecting to the address from which the socket was made. Call it once;
   * {@link finishConnect} then returns the result.
   *
   * @returns true if the socket is already connected, `wouldBlock` if the connect is pending.
   * @throws {SktError} `ERR_SKT_STATE` on a second call, unless the first connect failed.
   */
  connect(): true | WouldBlock;

  /**
   * Returns the result of the connect that {@link connect} started. Does not connect again.
   *
   * @returns true if the connect succeeded, `wouldBlock` while it is pending.
   * @throws {WsaError} if the connect failed; each call throws the same error. Also WSAECONNRESET
   *   if the connect succeeded, but the peer reset the connection before this call.
   * @throws {SktError} `ERR_SKT_STATE` before {@link connect}.
   */
  finishConnect(): true | WouldBlock;
}

/** A connection that a listener accepted. */
export interface AcceptedSkt<E extends SktEndpoint = SktEndpoint> extends StreamSkt<E> {
  /** Determines the type: see {@link Skt}. */
  readonly kind: 'accepted';
}

/** A UDP socket. */
export interface DatagramSkt extends AnySkt<Endpoint> {
  /** Determines the type: see {@link Skt}. */
  readonly kind: 'datagram';

  /**
   * Sets the peer: from then on {@link recvFrom} receives only that peer's datagrams. May be
   * called again with another peer. Sends nothing.
   */
  connectTo(peer: Endpoint): void;

  /**
   * Sends all of `bytes` as one datagram, to an address of the socket's own family.
   *
   * @returns the datagram's length, or `wouldBlock`.
   */
  sendTo(bytes: Uint8Array, to: Endpoint): number | WouldBlock;

  /**
   * Receives one datagram. If it does not fit into `into`, the rest is lost, and the call fails
   * with WSAEMSGSIZE.
   *
   * @returns the datagram's length and sender, or `wouldBlock` if no datagram is there now.
   */
  recvFrom(into: Uint8Array): Datagram | WouldBlock;
}

/** A non-blocking socket. Its `kind` determines its type. */
export type Skt = ListenerSkt | ClientSkt | AcceptedSkt | DatagramSkt;
