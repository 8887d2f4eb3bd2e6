import { STATUS_CONNECTION_REFUSED, STATUS_IO_TIMEOUT } from 'ntdllx';
import {
  AF_INET,
  AF_INET6,
  WSAEALREADY,
  WSAECONNABORTED,
  WSAECONNREFUSED,
  WSAECONNRESET,
  WSAEINVAL,
  WSAEISCONN,
  WSAETIMEDOUT,
  WSAEWOULDBLOCK,
} from 'ntdllx/ws2_32';
import { Bindings, isOwnHost } from './bindings.js';
import type { Core } from './core.js';
import { Wire } from './network.js';
import type { Name } from './objects.js';
import { TcpSocket } from './tcp-socket.js';

/** The duration of a connect to a host that never answers. */
const unansweredMs = 21_000;

/** Listening, connecting and accepting on the simulated host. */
export class Tcp {
  readonly bindings: Bindings;
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.bindings = new Bindings(core.random, core.profile.canStealPort);
  }

  /** @returns 0, or the error code, as the other functions do. */
  listen(socket: TcpSocket, backlog: number): number {
    if (socket.local === undefined) return WSAEINVAL;
    if (socket.state !== 'fresh' && socket.state !== 'listening') return WSAEISCONN;
    socket.state = 'listening';
    socket.backlogLimit = Math.max(1, Math.min(backlog, 4_096));
    return 0;
  }

  connect(socket: TcpSocket, to: Name): number {
    if (socket.state === 'listening') return WSAEINVAL;
    if (socket.state === 'connecting') return WSAEALREADY;
    if (socket.state === 'connected') return WSAEISCONN;
    if (socket.state === 'failed' && this.#core.profile.hasUnixErrors) return WSAECONNABORTED;
    if (socket.local === undefined) {
      const host = to.family === AF_INET ? '127.0.0.1' : '::1';
      const name = this.bindings.bind(socket, { family: to.family, host, port: 0 });
      if (typeof name === 'number') return name;
      socket.local = name;
    }
    socket.state = 'connecting';
    socket.error = 0;
    const wire = new Wire({
      receive: () => {
        if (!socket.isClosed) this.#knock(socket, to);
        return true;
      },
    });
    this.#core.network.push(wire, { kind: 'run', run: () => {} });
    return WSAEWOULDBLOCK;
  }

  /** Accepts the next connection of a listener; returns it, or the error code. */
  accept(listener: TcpSocket): TcpSocket | number {
    if (listener.state !== 'listening') return WSAEINVAL;
    const socket = listener.backlog.shift();
    if (socket === undefined) return WSAEWOULDBLOCK;
    const isGone = socket.isReset && this.#core.profile.acceptTellsReset;
    if (isGone) return WSAECONNRESET;
    if (this.#core.dice.rolls('acceptReset')) {
      socket.close();
      return WSAECONNRESET;
    }
    socket.isEmbryo = false;
    return socket;
  }

  /** Sends data, in a few pieces if segments arrive one by one. */
  sendPieces(wire: Wire, bytes: Uint8Array): void {
    const { network, random } = this.#core;
    let rest = bytes;
    while (network.isLazy && rest.byteLength > 1 && random.below(3) === 0) {
      const length = 1 + random.below(rest.byteLength - 1);
      network.push(wire, { kind: 'data', bytes: rest.subarray(0, length) });
      rest = rest.subarray(length);
    }
    network.push(wire, { kind: 'data', bytes: rest });
  }

  /** Called when a connect arrives at its destination. */
  #knock(client: TcpSocket, to: Name): void {
    const { clock, profile } = this.#core;
    if (!isOwnHost(to.host)) {
      const end = () => this.fail(client, WSAETIMEDOUT, STATUS_IO_TIMEOUT);
      clock.at(clock.nowMs + unansweredMs, end);
      return;
    }
    const isFit = (socket: unknown) =>
      socket instanceof TcpSocket &&
      socket.state === 'listening' &&
      socket.backlog.length < socket.backlogLimit;
    const listener = this.bindings.find(to, isFit);
    if (listener instanceof TcpSocket) this.#meet(client, listener, to);
    else {
      const end = () => this.fail(client, WSAECONNREFUSED, STATUS_CONNECTION_REFUSED);
      if (profile.refusalMs === 0) end();
      else clock.at(clock.nowMs + profile.refusalMs, end);
    }
  }

  #meet(client: TcpSocket, listener: TcpSocket, to: Name): void {
    const core = this.#core;
    const server = this.embryo(client, listener);
    const toListener = (name: Name) => mapped(name, listener.family);
    server.local = toListener(to);
    server.remote = toListener(client.local as Name);
    const answer = () => {
      if (client.isClosed) return;
      client.state = 'connected';
      client.remote = to;
      core.changed(client);
    };
    if (server.out !== undefined) core.network.push(server.out, { kind: 'run', run: answer });
    core.changed(listener);
  }

  /**
   * Creates the server's end of a connection, which waits in the backlog of a listener. No poll is
   * checked yet.
   */
  embryo(client: TcpSocket, listener: TcpSocket): TcpSocket {
    const server = new TcpSocket(this.#core, listener.family);
    server.state = 'connected';
    server.isEmbryo = true;
    server.isNonBlocking = listener.isNonBlocking;
    server.isOobInline = listener.isOobInline;
    server.sendCapacity = listener.sendCapacity;
    server.receiveCapacity = listener.receiveCapacity;
    for (const [key, value] of listener.options) server.options.set(key, value);
    server.join(client);
    listener.backlog.push(server);
    return server;
  }

  /** Fails a pending connect. */
  fail(client: TcpSocket, code: number, status: number): void {
    if (client.isClosed || client.state !== 'connecting') return;
    client.state = 'failed';
    client.error = code;
    client.failure = status;
    this.#core.changed(client);
  }
}

/** The IPv4-mapped form of a name for an IPv6 socket. */
function mapped(name: Name, family: number): Name {
  if (family !== AF_INET6 || name.family !== AF_INET) return name;
  return { family: AF_INET6, host: `::ffff:${name.host}`, port: name.port };
}
