import { SO_REUSEADDR, SOL_SOCKET, WSAEACCES, WSAEADDRINUSE } from 'ntdllx/ws2_32';
import type { Name, SimSocket } from './objects.js';
import type { Random } from './random.js';

const firstEphemeral = 49_152;
const ephemerals = 65_536 - firstEphemeral;

/** The key of an option in {@link SimSocket.options}. */
export const optionKey = (level: number, name: number) => level * 0x1_0000 + (name & 0xffff);

export const isAny = (host: string) => host === '0.0.0.0' || host === '::';

/** True for the addresses of the simulated host. */
export function isOwnHost(host: string): boolean {
  return isAny(host) || host === '::1' || /^(::ffff:)?127\./.test(host);
}

/** The bindings of sockets to ports, for one protocol. */
export class Bindings {
  readonly #canSteal: boolean;
  readonly #byPort = new Map<number, SimSocket[]>();
  #next: number;

  constructor(random: Random, canSteal: boolean) {
    this.#canSteal = canSteal;
    this.#next = random.below(ephemerals);
  }

  /** Binds a socket. Returns the name, or the error code. */
  bind(socket: SimSocket, name: Name): Name | number {
    const port = name.port === 0 ? this.#freePort() : name.port;
    if (port === 0) return WSAEADDRINUSE;
    const code = this.#clash(socket, name.host, port);
    if (code !== 0) return code;
    const list = this.#byPort.get(port);
    if (list === undefined) this.#byPort.set(port, [socket]);
    else list.push(socket);
    return { ...name, port };
  }

  unbind(socket: SimSocket, port: number): void {
    const list = this.#byPort.get(port);
    const index = list?.indexOf(socket) ?? -1;
    if (list === undefined || index < 0) return;
    list.splice(index, 1);
    if (list.length === 0) this.#byPort.delete(port);
  }

  /**
   * The socket that receives data sent to this name: an exact address takes precedence over the
   * wildcard.
   */
  find(to: Name, isFit: (socket: SimSocket) => boolean): SimSocket | undefined {
    let found: SimSocket | undefined;
    for (const socket of this.#byPort.get(to.port) ?? []) {
      if (!isFit(socket)) continue;
      if (socket.local?.host === to.host) return socket;
      const isForAll = isAny(socket.local?.host ?? '');
      if (isForAll && takesFamily(socket, to.family)) found = socket;
    }
    return found;
  }

  #freePort(): number {
    for (let tries = 0; tries < ephemerals; tries += 1) {
      const port = firstEphemeral + this.#next;
      this.#next = (this.#next + 1) % ephemerals;
      if (!this.#byPort.has(port)) return port;
    }
    return 0;
  }

  #clash(socket: SimSocket, host: string, port: number): number {
    const reuse = optionKey(SOL_SOCKET, SO_REUSEADDR);
    for (const other of this.#byPort.get(port) ?? []) {
      const there = other.local?.host ?? '';
      const isSame = there === host || (isAny(there) && takesFamily(other, socket.family));
      if (!isSame && !(isAny(host) && takesFamily(socket, other.family))) continue;
      if (socket.options.get(reuse) !== 1) return WSAEADDRINUSE;
      if (!this.#canSteal || other.options.get(reuse) !== 1) return WSAEACCES;
    }
    return 0;
  }
}

/**
 * True if a socket with a wildcard binding accepts this family: IPv6 accepts IPv4 if configured
 * so.
 */
function takesFamily(socket: SimSocket, family: number): boolean {
  return socket.family === family || (socket.family === 23 && !socket.isV6Only);
}
