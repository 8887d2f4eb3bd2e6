import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import {
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  type LookupFunction,
} from 'node:net';
import { TCPClientAddress, UDSClientAddress } from 'tofu-sockets';
import type { ConnectAddress } from '../addresses.js';
import { type AttemptOptions, type AttemptResult, connectInTurn } from '../connect.js';
import type { Host } from '../host.js';
import { requireFunction, requirePort } from './arguments.js';
import { wrongType } from './errors.js';

/** Where a socket connects to, and how. The same options as in `node:net`. */
export interface ConnectTarget {
  /** The port of the server. */
  readonly port?: number | string;
  /** Its host; default `localhost`. */
  readonly host?: string;
  /** The path of the server's AF_UNIX file, instead of a port. */
  readonly path?: string;
  /** The local address and port; default: the system chooses them. */
  readonly localAddress?: string;
  /** The local port; default: a free one. */
  readonly localPort?: number;
  /** 4 or 6: use only addresses of this family. Default: both. */
  readonly family?: number | string;
  /** For the lookup; see `dns.lookup`. */
  readonly hints?: number;
  /** Resolves the host; default: `dns.lookup`. */
  readonly lookup?: LookupFunction;
  /** Tries all addresses of a name, one after another. Default: that of `node:net`. */
  readonly autoSelectFamily?: boolean;
  /** How long each of them is tried, in milliseconds. Default: that of `node:net`. */
  readonly autoSelectFamilyAttemptTimeout?: number;
}

/** The socket that connects, as far as a connect needs it. */
export interface ConnectingSocket {
  /** False after this connect was cancelled or replaced by another one. */
  isCurrent(): boolean;
  emit(event: string, ...args: readonly unknown[]): boolean;
}

/** The parts of one connect. */
interface Dial {
  readonly host: Host;
  readonly socket: ConnectingSocket;
  readonly to: ConnectTarget;
  readonly port: number;
  readonly done: (result: AttemptResult) => void;
}

/**
 * Checks the options of a connect, and starts it as `node:net` does: it looks the host up, and
 * emits `lookup`, `connectionAttempt`, `connectionAttemptFailed` and `connectionAttemptTimeout`.
 *
 * @param done called once, later, with the result, unless the connect is no longer current then.
 * @returns a function that cancels the connect.
 * @throws TypeError and RangeError like Node's.
 */
export function startConnect(
  host: Host,
  socket: ConnectingSocket,
  to: ConnectTarget,
  done: (result: AttemptResult) => void,
): () => void {
  let cancel = () => {};
  const dial = { host, socket, to, port: 0, done };
  const attempt = (addresses: readonly string[]) => {
    if (socket.isCurrent()) cancel = tryAddresses({ ...dial, port }, addresses);
  };
  const { path, localAddress, localPort } = to;
  if (path) {
    if (typeof path !== 'string') throw wrongType('options.path', 'of type string', path);
    cancel = tryAddresses(dial, [path]);
    return () => cancel();
  }
  const name = to.host || 'localhost';
  if (typeof name !== 'string') throw wrongType('options.host', 'of type string', name);
  const port = to.port === undefined ? 0 : requirePort(to.port, 'Port');
  if (localAddress && isIP(localAddress) === 0) {
    throw Object.assign(new TypeError(`Invalid IP address: ${localAddress}`), {
      code: 'ERR_INVALID_IP_ADDRESS',
    });
  }
  if (localPort && typeof localPort !== 'number') {
    throw wrongType('options.localPort', 'of type number', localPort);
  }
  if (isIP(name) !== 0) process.nextTick(attempt, [name]);
  else lookUp(dial, name, attempt);
  return () => cancel();
}

/** Resolves a name. @param found called with its addresses, in the order in which to try them. */
function lookUp(dial: Dial, name: string, found: (addresses: readonly string[]) => void): void {
  const { socket, to, done } = dial;
  if (to.lookup != null) requireFunction(to.lookup, 'options.lookup');
  const lookup = (to.lookup ?? systemLookup) as typeof systemLookup;
  const isAll = (to.autoSelectFamily ?? getDefaultAutoSelectFamily()) && !to.localAddress;
  const family = ({ IPv4: 4, IPv6: 6 } as Record<string, number>)[String(to.family)] ?? to.family;
  const failed = (error: Error) =>
    process.nextTick(() => {
      if (socket.isCurrent()) done({ error });
    });
  const check = (address: unknown): string[] => {
    if (typeof address === 'string' && isIP(address) !== 0) return [address];
    failed(
      Object.assign(new TypeError(`Invalid IP address: ${String(address)}`), {
        code: 'ERR_INVALID_IP_ADDRESS',
      }),
    );
    return [];
  };
  const options = { family: Number(family ?? 0), hints: to.hints ?? 0 };
  if (!isAll || options.family === 4 || options.family === 6) {
    lookup(name, options, (error, address, family) => {
      socket.emit('lookup', error, address, family, name);
      if (!socket.isCurrent()) return;
      if (error) failed(error);
      else if (check(address).length > 0) found([address]);
    });
    return;
  }
  lookup(name, { ...options, all: true }, (error, addresses) => {
    if (!socket.isCurrent()) return;
    if (error) {
      socket.emit('lookup', error, undefined, undefined, name);
      failed(error);
      return;
    }
    for (const { address, family } of addresses) {
      socket.emit('lookup', error, address, family, name);
      if (!socket.isCurrent()) return;
    }
    const targets = alternate(addresses);
    if (targets.length > 0 || check(addresses[0]?.address).length > 0) found(targets);
  });
}

/** The addresses, IPv4 and IPv6 in turn, beginning with the family of the first. */
function alternate(addresses: readonly LookupAddress[]): string[] {
  const ips = [...new Set(addresses.map(({ address }) => address).filter((ip) => isIP(ip) !== 0))];
  const first = ips.filter((ip) => isIP(ip) === isIP(ips[0] as string));
  const second = ips.filter((ip) => !first.includes(ip));
  return ips.flatMap((_, index) => [first[index], second[index]]).filter((ip) => ip !== undefined);
}

/** Tries addresses, or a path, one after another. @returns a function that cancels it. */
function tryAddresses(
  { host, socket, to, port, done }: Dial,
  names: readonly string[],
): () => void {
  // As in Node, no result and no failure comes inside of the call that started the connect.
  let isStarting = true;
  const late: (() => void)[] = [];
  const finish = (result: AttemptResult) => {
    for (const emit of late.splice(0)) emit();
    if (socket.isCurrent()) done(result);
    else result.skt?.close();
  };
  const seen = (address: ConnectAddress) =>
    'path' in address ? [address.path] : [address.host, address.port, isIP(address.host)];
  const { localAddress, localPort, autoSelectFamilyAttemptTimeout: timeoutMs } = to;
  const [first = ''] = names;
  const any = isIP(first) === 6 ? '::' : '0.0.0.0';
  const isBound = localAddress || localPort;
  const local = isBound ? { host: localAddress || any, port: localPort ?? 0 } : undefined;
  const options: AttemptOptions = {
    timeoutMs: Math.max(10, timeoutMs ?? getDefaultAutoSelectFamilyAttemptTimeout()),
    onAttempt: (address) => {
      socket.emit('connectionAttempt', ...seen(address));
      return socket.isCurrent();
    },
    onFailure: (address, { error, isTimeout = false }) => {
      const event = isTimeout ? 'connectionAttemptTimeout' : 'connectionAttemptFailed';
      const emit = () => socket.emit(event, ...seen(address), ...(isTimeout ? [] : [error]));
      if (isStarting) late.push(emit);
      else emit();
      return socket.isCurrent();
    },
  };
  let cancel = () => {};
  try {
    const addresses = names.map((name) =>
      to.path ? new UDSClientAddress(name) : new TCPClientAddress(name, port),
    );
    cancel = connectInTurn(
      host,
      { addresses, local },
      (result) => {
        if (isStarting) setImmediate(finish, result);
        else finish(result);
      },
      options,
    );
  } catch (error) {
    process.nextTick(finish, { error: error as Error });
  }
  isStarting = false;
  return cancel;
}
