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
import { Wire } from './network.js';
import type { Name } from './sim-socket.js';
import type { TcpSocket } from './tcp-socket.js';

/**
 * Stream sockets of AF_UNIX. They carry data as those of TCP do; what differs is how they are named
 * and how they connect. Of `windows` the files are cited, and that a connect is under way is assumed.
 */
export class Unix {
  readonly #core: Core;
  /** The name of a socket that was never bound: under Wine zeros, not even the family is there. */
  readonly #unnamed: Name;

  constructor(core: Core) {
    this.#core = core;
    this.#unnamed = { family: core.isWine ? 0 : AF_UNIX, host: '', port: 0 };
  }

  /** Binds, and makes the file. @returns 0, or the code of the error; as does {@link connect}. */
  bind(socket: TcpSocket, name: Name): number {
    const { files } = this.#core;
    // Winsock takes a path that begins with a zero, which no client can connect to.
    if (name.host !== '') {
      if (files.find(name.host) !== undefined) return WSAEADDRINUSE;
      if (files.errorOfMissing(name.host) !== ERROR_FILE_NOT_FOUND) return WSAEINVAL;
      files.make(name.host, 'socket', socket);
    }
    socket.local = name;
    return 0;
  }

  /** The socket is closed; its file stays. */
  unbind(socket: TcpSocket): void {
    const { local } = socket;
    const file = local === undefined ? undefined : this.#core.files.find(local.host);
    // An accepted socket has its listener's name, and another server may have the path by now.
    if (file?.owner === socket) file.owner = undefined;
  }

  connect(socket: TcpSocket, to: Name): number {
    if (socket.state === 'listening') return WSAEINVAL;
    if (socket.state !== 'fresh' && socket.state !== 'failed') return WSAEISCONN;
    if (to.host === '' || this.#core.files.find(to.host) === undefined) return WSAEINVAL;
    if (this.#listenerAt(to) === undefined) return WSAECONNREFUSED;
    socket.local ??= this.#unnamed;
    // SO_ERROR is of this connect, not of one before it.
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
    const owner = this.#core.files.find(to.host)?.owner;
    if (owner?.state !== 'listening' || owner.backlog.length >= owner.backlogLimit)
      return undefined;
    return owner;
  }

  /**
   * Both ends are connected now. Polls that wait for the client are not looked at here: Wine's server, as
   * it is written, does not look at them after a connect that succeeds at once.
   *
   * @returns false where the listener is gone; then its polls have completed.
   */
  #meet(client: TcpSocket, to: Name): boolean {
    const { tcp } = this.#core;
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
