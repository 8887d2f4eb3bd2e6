import { STATUS_CONNECTION_REFUSED } from 'ntdllx';
import { ERROR_FILE_NOT_FOUND } from 'ntdllx/kernel32';
import {
  AF_UNIX,
  WSAEADDRINUSE,
  WSAECONNREFUSED,
  WSAEINVAL,
  WSAEISCONN,
  WSAEWOULDBLOCK,
} from 'ntdllx/ws2_32';
import type { Core } from './core.js';
import type { Files } from './files.js';
import { Wire } from './network.js';
import type { Name } from './objects.js';
import type { Tcp } from './tcp.js';
import type { TcpSocket } from './tcp-socket.js';

/**
 * Stream sockets of AF_UNIX. They transfer data as TCP sockets do; they differ in their names and
 * in connect. For `windows` the behaviour of files is cited, and it is assumed that a connect is
 * pending first.
 */
export class Unix {
  readonly #core: Core;
  readonly #files: Files;
  readonly #tcp: Tcp;
  /** The name of an unbound socket. Under Wine it consists of zeros, including the family. */
  readonly #unnamed: Name;

  constructor(core: Core, files: Files, tcp: Tcp) {
    this.#core = core;
    this.#files = files;
    this.#tcp = tcp;
    this.#unnamed = { family: core.isWine ? 0 : AF_UNIX, host: '', port: 0 };
  }

  /**
   * Binds a socket and creates its file.
   *
   * @returns 0, or the error code, as {@link connect} does
   */
  bind(socket: TcpSocket, name: Name): number {
    const files = this.#files;
    // Winsock accepts a path that begins with a zero, but no client can connect to it.
    if (name.host !== '') {
      if (files.find(name.host) !== undefined) return WSAEADDRINUSE;
      if (files.errorOfMissing(name.host) !== ERROR_FILE_NOT_FOUND) return WSAEINVAL;
      files.make(name.host, 'socket', socket);
    }
    socket.local = name;
    return 0;
  }

  /** Called when the socket is closed; its file remains. */
  unbind(socket: TcpSocket): void {
    const { local } = socket;
    const file = local === undefined ? undefined : this.#files.find(local.host);
    // An accepted socket has its listener's name, and the path may belong to another server by
    // now.
    if (file?.owner === socket) file.owner = undefined;
  }

  connect(socket: TcpSocket, to: Name): number {
    if (socket.state === 'listening') return WSAEINVAL;
    if (socket.state !== 'fresh' && socket.state !== 'failed') return WSAEISCONN;
    if (to.host === '' || this.#files.find(to.host) === undefined) return WSAEINVAL;
    if (this.#listenerAt(to) === undefined) return WSAECONNREFUSED;
    socket.local ??= this.#unnamed;
    // SO_ERROR must report this connect, not an earlier one.
    socket.error = 0;
    if (this.#core.profile.afUnix === 'at once') {
      this.#meet(socket, to);
      return 0;
    }
    socket.state = 'connecting';
    const receive = () => {
      if (!socket.isClosed && this.#meet(socket, to)) this.#core.changed(socket);
      return true;
    };
    this.#core.network.push(new Wire({ receive }), { kind: 'run', run: () => {} });
    return WSAEWOULDBLOCK;
  }

  #listenerAt(to: Name): TcpSocket | undefined {
    const owner = this.#files.find(to.host)?.owner;
    if (owner?.state !== 'listening' || owner.backlog.length >= owner.backlogLimit)
      return undefined;
    return owner;
  }

  /**
   * Connects both ends. It does not check polls of the client: according to its source, Wine's
   * server does not check them after a connect that succeeds at once.
   *
   * @returns false if the listener is closed; its polls have then completed.
   */
  #meet(client: TcpSocket, to: Name): boolean {
    const tcp = this.#tcp;
    const listener = this.#listenerAt(to);
    if (listener === undefined) {
      tcp.fail(client, WSAECONNREFUSED, STATUS_CONNECTION_REFUSED);
      return false;
    }
    const server = tcp.embryo(client, listener);
    server.local = listener.local;
    server.remote = client.local;
    client.state = 'connected';
    client.remote = to;
    this.#core.changed(listener);
    return true;
  }
}
