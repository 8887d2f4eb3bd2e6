import { isIP } from 'node:net';
import type { SktEndpoint } from 'tofu-sockets';

/** One end's address, as `node:net` names it. Empty over AF_UNIX. */
export interface SocketAddress {
  /** An IP address; absent over AF_UNIX. */
  readonly address?: string;
  /** The family of the address. */
  readonly family?: 'IPv4' | 'IPv6';
  /** The port, over IP. */
  readonly port?: number;
}

/** What a stream gets to write. */
export type Chunk = Uint8Array | string;

/** The callback of a write. */
export type Done = (error?: Error | null) => void;

/** A chunk with the encoding of a text. */
export interface EncodedChunk {
  readonly chunk: Chunk;
  readonly encoding: BufferEncoding;
}

export function bytesOf(chunk: Chunk, encoding: BufferEncoding): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
}

export function byteLengthOf(chunk: Chunk, encoding: BufferEncoding): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.byteLength;
}

/** The name of an endpoint; undefined if it has none. */
export function nameOf(endpoint: SktEndpoint | undefined): SocketAddress | undefined {
  if (endpoint === undefined || 'path' in endpoint) return undefined;
  const { host, port } = endpoint;
  return { address: dotted(host), family: isIP(host) === 6 ? 'IPv6' : 'IPv4', port };
}

/** Writes an IPv4-mapped IPv6 address as Node does: `::ffff:127.0.0.1`. */
function dotted(host: string): string {
  const [, high, low] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return `::ffff:${first >> 8}.${first & 255}.${second >> 8}.${second & 255}`;
}
