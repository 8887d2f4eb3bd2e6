import type { Kernel, NativeMemory } from 'ntdllx';
import type { Endpoint } from './address.js';
import { borrow } from './borrow.js';
import { SktError } from './errors.js';
import { decodePath, decodeSockaddr } from './sockaddr.js';

const nameBytes = 128;
const lengthOffset = nameBytes;

/** A socket address that a call stored. */
export interface NativeName {
  /** @throws {SktError} `ERR_ADDRESS` if it is not an IP address. */
  readonly read: () => Endpoint;
  /** @throws {SktError} `ERR_ADDRESS` if it is not a path. */
  readonly readPath: () => string;
}

/**
 * Runs a function with native memory for a sockaddr and its length.
 *
 * @param use gets the addresses of both, and an object that decodes the stored sockaddr. All three
 *   are valid only until `use` returns.
 */
export function withNativeName<T>(
  kernel: Kernel,
  call: string,
  use: (name: number, length: number, stored: NativeName) => T,
): T {
  return borrow(kernel, nameBytes + 8, (memory) => {
    memory.writeI32(lengthOffset, nameBytes);
    const read = () => readName(memory, call, decodeSockaddr, 'IP address');
    const readPath = () => readName(memory, call, decodePath, 'path');
    return use(memory.address, memory.address + lengthOffset, { read, readPath });
  });
}

function readName<T>(
  memory: NativeMemory,
  call: string,
  decode: (bytes: Uint8Array) => T | undefined,
  wanted: string,
): T {
  const name = decode(memory.read(0, memory.readI32(lengthOffset)));
  if (name !== undefined) return name;
  throw new SktError('ERR_ADDRESS', `${call} returned an address that is not a valid ${wanted}.`);
}
