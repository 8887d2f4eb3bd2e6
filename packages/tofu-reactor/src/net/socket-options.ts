import type { DuplexOptions } from 'node:stream';
import type { ConnectTarget } from './connecting.js';

/** Options of a socket. Every option has a default: that of `node:net`, unless stated otherwise. */
export interface SocketOptions
  extends Pick<
    DuplexOptions,
    'allowHalfOpen' | 'highWaterMark' | 'readableHighWaterMark' | 'writableHighWaterMark' | 'signal'
  > {
  /** TCP_NODELAY; default true, unlike `node:net`. Ignored over AF_UNIX. */
  readonly noDelay?: boolean;
  /** SO_KEEPALIVE; default false. Ignored over AF_UNIX. */
  readonly keepAlive?: boolean;
}

/** Options of `connect`: those of the socket, and where it connects to. */
export interface ConnectSocketOptions extends SocketOptions, ConnectTarget {
  /** Calls {@link Socket.setTimeout}, before the connect. */
  readonly timeout?: number;
}
