import type { Kernel, NativeMemory } from 'ntdllx';
import type { Endpoint } from './address.js';
import { SktError } from './errors.js';
import { decodeSockaddr } from './sockaddr.js';

/** A datagram that was received. */
export interface Datagram {
  /** How many bytes of it were stored. 0 is an empty datagram, and no end of anything. */
  readonly byteLength: number;
  /** Who sent it. */
  readonly from: Endpoint;
}

/** How many bytes one send or receive moves at the most. */
export const transferBytes = 65_536;
/** Behind the data: a sockaddr and its length. */
export const nameOffset = transferBytes;
export const nameBytes = 128;
export const lengthOffset = nameOffset + nameBytes;

const blocks = new WeakMap<Kernel, NativeMemory>();

/**
 * The block through which all sockets of a kernel pass data to Winsock and back. The calls are
 * finished with it when they return, and a thread makes one call at a time, so one will do.
 */
export function transferBlock(kernel: Kernel): NativeMemory {
  let block = blocks.get(kernel);
  if (block === undefined) {
    block = kernel.allocate(lengthOffset + 8);
    blocks.set(kernel, block);
  }
  return block;
}

/** Gives the block back; the last user of Winsock does. */
export function freeTransferBlock(kernel: Kernel): void {
  blocks.get(kernel)?.free();
  blocks.delete(kernel);
}

/** The endpoint that a call stored behind the data. */
export function requireEndpoint(block: NativeMemory, call: string): Endpoint {
  const endpoint = decodeSockaddr(block.read(nameOffset, block.readI32(lengthOffset)));
  if (endpoint !== undefined) return endpoint;
  throw new SktError(
    'ERR_ADDRESS',
    `${call} returned an address that is no IP address: a path has none.`,
  );
}
