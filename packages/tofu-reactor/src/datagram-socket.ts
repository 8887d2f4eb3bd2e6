import { prepareInterest, type SocketEvent } from 'afd-poller';
import { showValue, WsaError } from 'ntdllx';
import {
  type Datagram,
  type DatagramSkt,
  type Endpoint,
  UDPAddress,
  type WouldBlock,
  wouldBlock,
} from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/on-kernel';
import { requireRoom } from './bytes.js';
import { type Callback, callbackOf } from './callback.js';
import { ReactorError } from './errors.js';
import type { Host, Member } from './host.js';
import { nodeError, refusedError } from './node-errors.js';
import type { Source } from './turn-engine.js';

/** How many datagrams a socket receives before the other sockets continue. */
const serveCalls = 64;

const [reading, sending, both, nothing] = [
  prepareInterest({ readable: true, mode: 'oneshot' }),
  prepareInterest({ writable: true, mode: 'oneshot' }),
  prepareInterest({ readable: true, writable: true, mode: 'oneshot' }),
  prepareInterest({}),
];

/**
 * True for an error that belongs to an earlier datagram: no socket listens on its port, or its
 * time to live is over. According to the documentation Windows returns these errors from a receive
 * (unverified; Wine does not). They do not end the socket.
 */
const isOfEarlierSend = (error: unknown) =>
  error instanceof WsaError && (error.code === 'ECONNRESET' || error.code === 'ENETRESET');

/**
 * A UDP socket. It buffers no datagrams: a receive writes into the program's buffer, and a
 * datagram that the system does not take is not sent.
 */
export class DatagramSocket implements Member, AsyncDisposable {
  readonly #host: Host;
  readonly #skt: DatagramSkt;
  readonly #endpoint: Endpoint;
  readonly #source: Source = { onEvent: (event) => this.#onEvent(event), onTry: () => this.#try() };
  #onReadable: Callback<DatagramSocket> | undefined;
  #onDrain: Callback<DatagramSocket> | undefined;
  #onClose: Callback<Error | undefined> | undefined;
  #isOpen = true;
  #isRef = true;
  #isServing = false;
  #isEager = false;
  /** True after onReadable ran and received nothing: it is called again only after a receive. */
  #isHinted = false;
  #waitsForRoom = false;
  #left = serveCalls;
  #unreachable = 0;
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => {};

  /**
   * @internal Creates and binds the socket.
   * @throws an error like Node's if the system refuses, such as `bind EADDRINUSE 127.0.0.1:53`.
   * @throws {NtStatusError} if it cannot be polled. In both cases nothing stays open.
   */
  constructor(host: Host, at: UDPAddress, onReadable: Callback<DatagramSocket> | undefined) {
    this.#host = host;
    try {
      this.#skt = createSocketCreator(host.kernel).fromAddress(at);
    } catch (error) {
      throw nodeError('bind', error, at);
    }
    try {
      this.#endpoint = this.#skt.localEndpoint();
    } catch (error) {
      this.#skt.close();
      throw nodeError('bind', error, at);
    }
    this.#onReadable = onReadable;
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    try {
      const interest = onReadable === undefined ? nothing : reading;
      host.engine.request(this.#source, this.#skt, interest, false);
    } catch (error) {
      this.#skt.close();
      throw error;
    }
    host.join(this, false);
  }

  /** False once it was closed. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The endpoint that it is bound to; also available after it was closed. */
  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  /** How many earlier datagrams reached no receiver, as far as the system has reported it. */
  get unreachable(): number {
    return this.#unreachable;
  }

  /**
   * Called when there may be a datagram to receive. It is a hint, and it is called again only
   * after a receive.
   */
  get onReadable(): ((socket: DatagramSocket) => unknown) | undefined {
    return this.#onReadable?.run;
  }

  set onReadable(run: ((socket: DatagramSocket) => unknown) | undefined) {
    this.#onReadable = callbackOf('onReadable', run);
    this.#isHinted = false;
    this.#requestEvents();
  }

  /** Called after a {@link send} that returned false, when the system has room again. */
  get onDrain(): ((socket: DatagramSocket) => unknown) | undefined {
    return this.#onDrain?.run;
  }

  set onDrain(run: ((socket: DatagramSocket) => unknown) | undefined) {
    this.#onDrain = callbackOf('onDrain', run);
  }

  /** Called once, as the last callback, with the error that ended the socket, if there was one. */
  get onClose(): ((error: Error | undefined) => unknown) | undefined {
    return this.#onClose?.run;
  }

  set onClose(run: ((error: Error | undefined) => unknown) | undefined) {
    this.#onClose = callbackOf('onClose', run);
  }

  /** Resolves when the socket is closed. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /**
   * Receives one datagram. If the system reports that an earlier datagram of this socket reached
   * no receiver, the socket counts it in {@link unreachable}; this call does not throw for it.
   *
   * @returns its length and its sender; `wouldBlock` when no datagram is available, when the
   *   budget of this socket's turn is used up, and when the socket is closed.
   * @throws {ReactorError} `ERR_REACTOR_ARGUMENT`. @throws `recvmsg EMSGSIZE` for a datagram that
   *   does not fit into the buffer. The rest of that datagram is lost, and the socket stays
   *   usable.
   */
  receiveInto(buffer: Uint8Array): Datagram | WouldBlock {
    requireRoom(buffer, 'receiveInto');
    this.#isHinted = false;
    while (this.#isOpen) {
      if (this.#isServing && this.#left === 0) return wouldBlock;
      this.#left -= 1;
      try {
        const datagram = this.#skt.recvFrom(buffer);
        if (datagram !== wouldBlock) this.#host.engine.served(datagram.byteLength);
        if (!this.#isServing) this.#requestEvents();
        return datagram;
      } catch (error) {
        if (!isOfEarlierSend(error)) {
          if (!this.#isServing) this.#requestEvents();
          throw nodeError('recvmsg', error, {});
        }
        this.#unreachable += 1;
      }
    }
    return wouldBlock;
  }

  /**
   * Sends one datagram. The system takes all of it or nothing.
   *
   * @param to an address of the socket's address family.
   * @returns false when the system has no room. The datagram was then not sent, and {@link
   *   onDrain} is called later. A closed socket returns false, too.
   * @throws an error like Node's, such as `send EMSGSIZE 127.0.0.1:53`. @throws {SktError} for an
   *   invalid address.
   */
  send(bytes: Uint8Array, to: Endpoint): boolean {
    if (!this.#isOpen) return false;
    try {
      if (this.#skt.sendTo(bytes, to) !== wouldBlock) return true;
    } catch (error) {
      throw nodeError('send', error, to);
    }
    this.#waitsForRoom = true;
    this.#requestEvents();
    return false;
  }

  /** Closes the socket. Every call returns the same promise. */
  close(): Promise<void> {
    this.destroy();
    return this.#closed;
  }

  /** Closes the socket. @param error is passed to {@link onClose}. */
  destroy(error?: Error): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#skt.close();
    } finally {
      this.#host.leave(this, false, this.#isRef);
      queueMicrotask(() => {
        this.#onClose?.call(error);
        this.#resolveClosed();
      });
    }
  }

  /** Calls {@link close}, at the end of an `await using` declaration. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Makes the socket keep the process alive. This is the initial state. */
  ref(): this {
    return this.#setRef(true);
  }

  /** Lets the process end although the socket is open. */
  unref(): this {
    return this.#setRef(false);
  }

  #onEvent(event: SocketEvent<Source>): void {
    if (event.isRefused) {
      this.destroy(refusedError(event.cause));
      return;
    }
    if (event.isWritable && this.#waitsForRoom) {
      this.#waitsForRoom = false;
      this.#onDrain?.call(this);
    }
    if (event.isReadable) this.#serve();
    else this.#requestEvents();
  }

  #try(): void {
    this.#isEager = false;
    if (this.#isOpen) this.#serve();
  }

  /** Lets the program receive, within a new budget. */
  #serve(): void {
    if (this.#onReadable === undefined || !this.#isOpen) return;
    this.#isServing = true;
    this.#left = serveCalls;
    this.#onReadable.call(this);
    this.#isServing = false;
    if (!this.#isOpen) return;
    // The completed request may have included the interest in writing, so a new one is needed in
    // any case.
    this.#isHinted = this.#left === serveCalls;
    if (this.#left === 0 && !this.#isEager) {
      this.#isEager = true;
      this.#host.engine.tryLater(this.#source);
    }
    // With a constant supply of datagrams each turn uses up the budget. The socket must get its
    // writable event nevertheless.
    if (this.#left > 0 || this.#waitsForRoom) this.#requestEvents();
  }

  #requestEvents(): void {
    if (!this.#isOpen) return;
    const reads = this.#onReadable !== undefined && !this.#isHinted && !this.#isEager;
    const interest = this.#waitsForRoom ? (reads ? both : sending) : reads ? reading : nothing;
    this.#host.engine.request(this.#source, this.#skt, interest, true);
  }

  #setRef(isRef: boolean): this {
    if (this.#isOpen && this.#isRef !== isRef) {
      this.#isRef = isRef;
      this.#host.changeRef(isRef);
    }
    return this;
  }
}

/**
 * @returns the address to bind to. @throws {ReactorError} `ERR_REACTOR_ARGUMENT` unless it is an
 *   object.
 * @throws {SktError} for a wrong host or port.
 */
export function udpAddress(address: Partial<Endpoint>): UDPAddress {
  if (typeof address === 'object' && address !== null) {
    return new UDPAddress(address.host ?? '127.0.0.1', address.port ?? 0);
  }
  throw new ReactorError(
    'ERR_REACTOR_ARGUMENT',
    `bind takes an object { port, host }, got ${showValue(address)}.`,
  );
}
