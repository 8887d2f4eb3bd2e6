import { type Kernel, ntKernel, WsaError } from 'ntdllx';
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
  WSA_FLAG_NO_HANDLE_INHERIT,
  WSA_FLAG_OVERLAPPED,
  WSAEAFNOSUPPORT,
  WSAECONNREFUSED,
  WSAEOPNOTSUPP,
} from 'ntdllx/ws2_32';
import {
  type Endpoint,
  type PathEndpoint,
  requireAddress,
  type SktAddress,
  type TCPClientAddress,
  TCPServerAddress,
  type UDPAddress,
  UDSClientAddress,
  type UDSServerAddress,
} from './address.js';
import { borrow } from './borrow.js';
import { type CreateOptions, planSocket } from './create-options.js';
import { SktError } from './errors.js';
import { lastWsaError } from './native-skt.js';
import type { SktOptions } from './options.js';
import { NativeSkt } from './skt.js';
import type { AnySkt, ClientSkt, DatagramSkt, ListenerSkt, Skt, SktKind } from './skt-types.js';
import { encodeSockaddr, familyOf } from './sockaddr.js';
import { ownFile, removeStaleFile, requireFreePath, udsPathStateOn } from './uds-files.js';
import { startWinsock, stopWinsock } from './winsock.js';

/** After this many refused connects a file counts as stale. */
const staleTries = 5;
const stalePauseMs = 25;

const kinds: Record<SktAddress['kind'], SktKind> = {
  'tcp-server': 'listener',
  'tcp-client': 'client',
  udp: 'datagram',
  'uds-server': 'listener',
  'uds-client': 'client',
};

/** Makes a SocketCreator whose sockets are on the given kernel, not on that of this process. */
export let createSocketCreator: (kernel: Kernel) => SocketCreator;

/**
 * Makes sockets from addresses.
 *
 * @example
 * ```ts
 * import { SocketCreator, TCPServerAddress } from 'tofu-sockets';
 *
 * const listener = new SocketCreator().fromAddress(new TCPServerAddress('127.0.0.1', 0));
 * console.log(listener.localEndpoint());
 * listener.close();
 * ```
 */
export class SocketCreator {
  #kernel = ntKernel;

  static {
    createSocketCreator = (kernel) => {
      const creator = new SocketCreator();
      creator.#kernel = kernel;
      return creator;
    };
  }

  /**
   * Makes a socket. For a server address it is bound and listens; for a client address it is ready
   * for `connect`; for a UDP address it is bound. The caller closes it. Closing a server on a path
   * also removes the server's file.
   *
   * @throws {SktError} `ERR_ADDRESS` if it is not an address, or its host name was not resolved;
   *   `ERR_SKT_ARGUMENT` for wrong options; `ERR_SKT_UNSUPPORTED` if this host does not have the
   *   address family; `ERR_UDS_FILE` if a file exists at the path, or its directory does not.
   * @throws {WsaError} if a Winsock call fails. No error leaves a socket open.
   */
  fromAddress(address: TCPServerAddress, options?: CreateOptions): ListenerSkt<Endpoint>;
  fromAddress(address: TCPClientAddress, options?: CreateOptions): ClientSkt<Endpoint>;
  fromAddress(address: UDSServerAddress, options?: CreateOptions): ListenerSkt<PathEndpoint>;
  fromAddress(address: UDSClientAddress, options?: CreateOptions): ClientSkt<PathEndpoint>;
  fromAddress(address: TCPServerAddress | UDSServerAddress, options?: CreateOptions): ListenerSkt;
  fromAddress(address: TCPClientAddress | UDSClientAddress, options?: CreateOptions): ClientSkt;
  fromAddress(address: UDPAddress, options?: CreateOptions): DatagramSkt;
  fromAddress(address: SktAddress, options?: CreateOptions): Skt;
  fromAddress(address: SktAddress, options: CreateOptions = {}): Skt {
    SocketCreator.#check(this, 'fromAddress');
    const checked = requireAddress(address, 'fromAddress');
    const plan = planSocket(checked, options);
    const skt = this.#create(checked);
    try {
      if (skt.kind === 'datagram' && !plan.reportUnreachable) this.#ignoreUnreachable(skt);
      if (plan.bindTo !== undefined) this.#bind(skt, plan.bindTo, plan.options);
      else setOptions(skt, plan.options);
      if (skt.kind === 'listener') {
        this.#require('listen', this.#kernel.listen(skt.socket, plan.backlog));
      }
      return skt;
    } catch (error) {
      skt.close();
      throw error;
    }
  }

  /**
   * Finds a free TCP port on `host`. Another program may bind to it before you do. To avoid that,
   * listen on port 0 and read the port from `localEndpoint`.
   *
   * @throws as {@link fromAddress}.
   */
  findFreeTcpPort(host = '127.0.0.1'): number {
    SocketCreator.#check(this, 'findFreeTcpPort');
    const listener = this.fromAddress(new TCPServerAddress(host, 0));
    try {
      return listener.localEndpoint().port;
    } finally {
      listener.close();
    }
  }

  /**
   * Removes the file of a server that ended without removing it. A single refused connect does not
   * show that the server has ended: the server may be between bind and listen, or its backlog may
   * be full (unverified on Windows). So the file is removed only after five refused connects in a
   * row, 25 ms apart. This blocks the thread for up to 100 ms. A server that refuses connects for
   * longer than that loses its file.
   *
   * @returns `absent` if there is no file, or it disappeared meanwhile; `in-use` if a server
   *   accepts the connect, or the connect is not refused at once.
   * @throws {SktError} `ERR_SKT_UNSUPPORTED` if this host has no AF_UNIX, whether or not there is
   *   a file; `ERR_UDS_FILE` if the file is not a socket's.
   * @throws {WsaError} if the connect fails with another error.
   */
  removeStale(address: UDSServerAddress): 'removed' | 'absent' | 'in-use' {
    SocketCreator.#check(this, 'removeStale');
    const checked = requireAddress(address, 'removeStale');
    if (checked.kind !== 'uds-server') {
      throw new SktError(
        'ERR_ADDRESS',
        `removeStale takes a UDSServerAddress, got an address of kind ${checked.kind}.`,
      );
    }
    for (let count = 1; ; count += 1) {
      const found = this.#tryConnect(checked.path);
      if (found !== 'refused') return found;
      if (count === staleTries) break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stalePauseMs);
    }
    removeStaleFile(checked.path, this.#kernel);
    return 'removed';
  }

  /** Tries a connect to a path. */
  #tryConnect(path: string): 'absent' | 'in-use' | 'refused' {
    const skt = this.fromAddress(new UDSClientAddress(path));
    try {
      if (udsPathStateOn(this.#kernel, path) !== 'taken') return 'absent';
      skt.connect();
      return 'in-use';
    } catch (error) {
      if (!(error instanceof WsaError)) throw error;
      if (error.code === 'ENOENT') return 'absent';
      if (error.wsaCode !== WSAECONNREFUSED) throw error;
      return 'refused';
    } finally {
      skt.close();
    }
  }

  #create(address: SktAddress): Skt {
    const kernel = this.#kernel;
    // Winsock must be started before a socket is made. Each socket then counts as a user of
    // Winsock.
    startWinsock(kernel);
    try {
      const family = familyOf(address);
      const type = address.kind === 'udp' ? SOCK_DGRAM : SOCK_STREAM;
      const ip = address.kind === 'udp' ? IPPROTO_UDP : IPPROTO_TCP;
      const protocol = family === AF_UNIX ? 0 : ip;
      const flags = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT;
      const socket = kernel.WSASocketW(family, type, protocol, 0, 0, flags);
      if (BigInt(socket) === INVALID_SOCKET) throw this.#refusal(address);
      return new NativeSkt(kernel, socket, kinds[address.kind], address) as AnySkt as Skt;
    } finally {
      stopWinsock(kernel);
    }
  }

  #refusal(address: SktAddress): Error {
    const error = lastWsaError(this.#kernel, 'WSASocketW');
    if (error.wsaCode !== WSAEAFNOSUPPORT) return error;
    const isPath = 'path' in address;
    const family = isPath ? 'AF_UNIX' : 'the address family';
    const where = isPath
      ? ' Windows has it since 10 1803, wine-staging since 10.2: use TCP here.'
      : ' Use another one.';
    return new SktError(
      'ERR_SKT_UNSUPPORTED',
      `This host does not have ${family}: WSASocketW failed with WSAEAFNOSUPPORT.${where}`,
    );
  }

  #bind(skt: Skt, name: Endpoint | UDSServerAddress, options: Partial<SktOptions>): void {
    const path = 'path' in name ? name.path : undefined;
    if (path !== undefined) requireFreePath(path, this.#kernel);
    // By Microsoft's documentation, SO_REUSEADDR on Windows lets any program take over the port
    // (unverified here), so the opposite is set. A path does not need it: requireFreePath refuses
    // one with a file.
    if (path === undefined) setOptions(skt, { exclusiveAddress: true, ...options });
    else setOptions(skt, options);
    const { socket } = skt;
    const bytes = encodeSockaddr(name);
    borrow(this.#kernel, bytes.byteLength, (memory) => {
      memory.write(0, bytes);
      const result = this.#kernel.bind(socket, memory.address, bytes.byteLength);
      this.#require('bind', result);
    });
    if (path !== undefined) ownFile(skt, path, this.#kernel);
  }

  /** A datagram to a closed port then no longer makes a later receive fail. */
  #ignoreUnreachable(skt: Skt): void {
    const kernel = this.#kernel;
    const { socket } = skt;
    borrow(kernel, 16, (memory) => {
      memory.fill(0);
      const [off, returned] = [memory.address, memory.address + 8];
      for (const code of [SIO_UDP_CONNRESET, SIO_UDP_NETRESET]) {
        const result = kernel.WSAIoctl(socket, code, off, 4, 0, 0, returned, 0, 0);
        if (result !== SOCKET_ERROR) continue;
        const error = lastWsaError(kernel, 'WSAIoctl(SIO_UDP_CONNRESET)');
        // A host without this ioctl does not have the behaviour that it turns off.
        if (error.wsaCode !== WSAEOPNOTSUPP) throw error;
      }
    });
  }

  #require(call: string, result: number): void {
    if (result === SOCKET_ERROR) throw lastWsaError(this.#kernel, call);
  }

  /** Checks `this` of a method, because a program may call a method on any value. */
  static #check(self: unknown, call: string): void {
    if (typeof self === 'object' && self !== null && #kernel in self) return;
    throw new SktError(
      'ERR_SKT_ARGUMENT',
      `${call} was called without its SocketCreator: call it as a method, creator.${call}.`,
    );
  }
}

function setOptions(skt: Skt, options: Partial<SktOptions>): void {
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined) skt.setOption(option as keyof SktOptions, value);
  }
}
