import type { HANDLE, Kernel } from 'ntdllx';
import type { SOCKET } from 'ntdllx/ws2_32';
import type { Endpoint, SktEndpoint } from './address.js';
import type { SktOptions } from './options.js';
import type { TransferFlags } from './transfer-flags.js';
import type { SktWatcher } from './watchers.js';
import type { WouldBlock } from './would-block.js';

/** A datagram that was received. */
export interface Datagram {
  /** How many bytes of it were stored. 0 is an empty datagram, and no end of anything. */
  readonly byteLength: number;
  /** Who sent it. */
  readonly from: Endpoint;
}

/** What a socket is for. */
export type SktKind = 'listener' | 'client' | 'accepted' | 'datagram';

/** What a socket has in every copy of this package that understands this one's sockets. */
export const sktBrand: unique symbol = Symbol.for('tofu-sockets.Skt.1');

/** True for a socket, also of another installed copy of this package. */
export function isSkt(value: unknown): value is Skt {
  return typeof value === 'object' && value !== null && sktBrand in value && 'isOn' in value;
}

/**
 * What every non-blocking socket has. Made by `SocketCreator` or by `accept`; the caller closes it.
 * Every method throws `SktError` after {@link close} and for wrong arguments, without calling
 * anything, and ntdllx's `WsaError`, naming the call and the code, when Winsock refuses; the socket
 * is as usable as before. Not to be shared between threads.
 *
 * @typeParam E the endpoints: a host and a port, or the path of a socket over AF_UNIX.
 */
export interface AnySkt<E extends SktEndpoint = SktEndpoint> extends Disposable {
  /** Known to every installed copy of this package; see {@link isSkt}. */
  readonly [sktBrand]: true;
  readonly kind: SktKind;

  /** True until {@link close}. */
  readonly isOpen: boolean;

  /** Winsock's handle. It is this object's: never close it elsewhere. */
  readonly socket: SOCKET;

  /** True if it was made on this kernel, or on another copy of the real one. */
  isOn(kernel: Kernel): boolean;

  /**
   * The handle of the base provider, which AFD knows the socket by. A layered provider may have
   * put another handle in front of it.
   *
   * @throws {WsaError} when the provider hides it: such a socket cannot be polled.
   */
  baseHandle(): HANDLE;

  /** Reads an option. */
  getOption<K extends keyof SktOptions>(option: K): SktOptions[K];

  /** Sets an option. */
  setOption<K extends keyof SktOptions>(option: K, value: SktOptions[K]): void;

  /**
   * This side's endpoint. Of a client over IP it can be relied on once it is connected, not before; a
   * client over AF_UNIX is never bound, and its path is ''.
   */
  localEndpoint(): E;

  /** The other side's endpoint, of a connected socket. */
  peerEndpoint(): E;

  /**
   * Reports every would-block to a poller, which edge-triggered readiness needs, and the close. Costs
   * nothing without a watcher. The same watcher is called once, however often it was added.
   *
   * @throws {SktError} `ERR_SKT_CLOSED` also while the close is reported: it would not hear of it.
   */
  watch(watcher: SktWatcher): void;

  /** Takes {@link watch} back; a watcher that is not there is fine, and so is a closed socket. */
  unwatch(watcher: SktWatcher): void;

  /** Closes the socket; a poll that is pending on it completes. Idempotent. */
  close(): void;
}

/** A socket that listens. */
export interface ListenerSkt<E extends SktEndpoint = SktEndpoint> extends AnySkt<E> {
  readonly kind: 'listener';

  /**
   * Accepts one connection. The new socket is the caller's, and non-blocking by our own doing.
   *
   * @returns the socket, or `wouldBlock` when no client waits.
   * @throws {WsaError} WSAECONNRESET, by documentation, when a client gave up while it waited: that is
   *   no fault of the listener, accept again.
   */
  accept(): AcceptedSkt<E> | WouldBlock;
}

/** A connection, or what becomes one. */
export interface StreamSkt<E extends SktEndpoint = SktEndpoint> extends AnySkt<E> {
  readonly kind: 'client' | 'accepted';

  /**
   * Sends bytes: at most 1 MiB a call, and possibly fewer than were given. A short count is not
   * would-block: call again with the rest. Nothing is copied but by Winsock itself.
   *
   * @returns how many were taken, or `wouldBlock` when none could be.
   */
  send(bytes: Uint8Array, flags?: TransferFlags): number | WouldBlock;

  /**
   * Receives bytes: at most as many as fit into `into`, and 1 MiB. They are written where they are to
   * be, by Winsock itself.
   *
   * @returns how many came; 0 at the end of the stream, when the peer sends no more; or `wouldBlock`
   *   when there are none now. `into` must have room for one, or 0 means nothing.
   */
  recv(into: Uint8Array, flags?: TransferFlags): number | WouldBlock;

  /** Ends one direction of the connection, or both; the socket stays open. */
  shutdown(how: 'receive' | 'send' | 'both'): void;

  /**
   * Makes {@link close} end the connection hard: unsent data is thrown away and the peer sees a reset.
   * Never done by default.
   */
  abortOnClose(): void;
}

/** A connection that this side begins. */
export interface ClientSkt<E extends SktEndpoint = SktEndpoint> extends StreamSkt<E> {
  readonly kind: 'client';

  /**
   * Starts connecting to the address that the socket was made from. Called once; how it ended is
   * asked with {@link finishConnect}.
   *
   * @returns true when connected already, `wouldBlock` while it is under way.
   * @throws {SktError} `ERR_SKT_STATE` the second time, unless the first one failed.
   */
  connect(): true | WouldBlock;

  /**
   * How a connect that was under way ended, without connecting again.
   *
   * @returns true when connected, `wouldBlock` while it is still under way.
   * @throws {WsaError} of the connect, when it failed; the same one each time. WSAECONNRESET also when
   *   it succeeded, and the peer reset the connection before this was asked.
   * @throws {SktError} `ERR_SKT_STATE` before {@link connect}.
   */
  finishConnect(): true | WouldBlock;
}

/** A connection that a listener accepted. */
export interface AcceptedSkt<E extends SktEndpoint = SktEndpoint> extends StreamSkt<E> {
  readonly kind: 'accepted';
}

/** A UDP socket. */
export interface DatagramSkt extends AnySkt<Endpoint> {
  readonly kind: 'datagram';

  /**
   * Sets the peer: from then on {@link recvFrom} gets that peer's datagrams alone. May be called again
   * with another one. Nothing is sent.
   */
  connectTo(peer: Endpoint): void;

  /**
   * Sends one datagram, whole, to an address of the socket's own family.
   *
   * @returns its length, or `wouldBlock`.
   */
  sendTo(bytes: Uint8Array, to: Endpoint): number | WouldBlock;

  /**
   * Receives one datagram. What does not fit into `into` is lost, and the call then fails with
   * WSAEMSGSIZE.
   *
   * @returns its length and sender, or `wouldBlock` when there is none now.
   */
  recvFrom(into: Uint8Array): Datagram | WouldBlock;
}

/** A non-blocking socket; `kind` says which, and what it can do. */
export type Skt = ListenerSkt | ClientSkt | AcceptedSkt | DatagramSkt;
