import { AFD_POLL_CONNECT, AFD_POLL_RECEIVE, AFD_POLL_SEND } from 'ntdllx';
import { AF_INET } from 'ntdllx/ws2_32';
import { Bindings, isAny } from './bindings.js';
import type { Core } from './core.js';
import { Wire } from './network.js';
import { type Name, SimSocket } from './objects.js';

/** A datagram and its sender. */
export interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: Name;
}

/** A UDP socket. */
export class UdpSocket extends SimSocket {
  readonly isStream = false;
  readonly #core: Core;
  readonly out: Wire;
  readonly received: Datagram[] = [];
  receivedBytes = 0;
  receiveCapacity: number;
  /** The injection `sendFull`: the send buffer has no room now. */
  isSendFull = false;
  /** SIO_UDP_CONNRESET: whether a datagram to a closed port is reported. */
  hasResetReports: boolean;
  /** The next receive fails with WSAECONNRESET. */
  hasReset = false;

  constructor(core: Core, family: number) {
    super(family);
    this.#core = core;
    this.receiveCapacity = Math.max(core.bufferBytes, 65_536);
    this.hasResetReports = core.profile.hasUdpReset;
    this.out = new Wire({
      receive: (segment) => {
        if (segment.kind === 'run') segment.run();
        return true;
      },
    });
  }

  /** Removes the first datagram. */
  take(): void {
    this.receivedBytes -= this.received.shift()?.bytes.byteLength ?? 0;
  }

  get bits(): number {
    const isReadable = this.received.length > 0 || this.hasReset;
    const isConnected = this.remote !== undefined && this.#core.profile.udpSaysConnect;
    return (
      (this.isSendFull ? 0 : AFD_POLL_SEND) |
      (isReadable ? AFD_POLL_RECEIVE : 0) |
      (isConnected ? AFD_POLL_CONNECT : 0)
    );
  }
}

/** Datagrams on the simulated host. */
export class Udp {
  readonly bindings: Bindings;
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.bindings = new Bindings(core.random, core.profile.canStealPort);
  }

  /**
   * Sets the peer of a socket.
   *
   * @returns 0, or the error code
   */
  connect(socket: UdpSocket, to: Name): number {
    const code = this.bindImplicitly(socket);
    if (code !== 0) return code;
    socket.remote = to;
    this.#core.changed(socket);
    return 0;
  }

  /**
   * Binds an unbound socket to a free port.
   *
   * @returns 0, or the error code
   */
  bindImplicitly(socket: UdpSocket): number {
    if (socket.local !== undefined) return 0;
    const host = socket.family === AF_INET ? '0.0.0.0' : '::';
    const name = this.bindings.bind(socket, { family: socket.family, host, port: 0 });
    if (typeof name === 'number') return name;
    socket.local = name;
    return 0;
  }

  /** Whether the send buffer has room for a datagram. */
  hasRoom(socket: UdpSocket): boolean {
    const { dice, clock, random } = this.#core;
    if (!socket.isSendFull && dice.rolls('sendFull')) {
      socket.isSendFull = true;
      clock.at(clock.nowMs + (1 + random.below(30)) / 10, () => {
        socket.isSendFull = false;
        this.#core.changed(socket);
      });
    }
    return !socket.isSendFull;
  }

  /** Sends a datagram. It is lost if no socket has this name or the receiver's buffer is full. */
  send(socket: UdpSocket, bytes: Uint8Array, to: Name): void {
    const run = () => this.#arrive(socket, bytes, to);
    this.#core.network.push(socket.out, { kind: 'run', run });
  }

  #arrive(sender: UdpSocket, bytes: Uint8Array, to: Name): void {
    const local = sender.local as Name;
    const from = isAny(local.host)
      ? { ...local, host: isAny(to.host) ? '127.0.0.1' : to.host }
      : local;
    const isFit = (socket: SimSocket) =>
      socket.remote === undefined ||
      (socket.remote.host === from.host && socket.remote.port === from.port);
    const target = this.bindings.find(to, isFit);
    if (!(target instanceof UdpSocket)) {
      if (!sender.hasResetReports || sender.isClosed) return;
      sender.hasReset = true;
      this.#core.changed(sender);
      return;
    }
    if (target.receivedBytes + bytes.byteLength > target.receiveCapacity) return;
    target.received.push({ bytes, from });
    target.receivedBytes += bytes.byteLength;
    this.#core.changed(target);
  }
}
