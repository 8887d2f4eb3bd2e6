import { isUint8Array } from 'node:util/types';
import { showValue } from 'ntdllx';
import { ReactorError } from './errors.js';

/**
 * What can be written: bytes, an array of byte arrays in order, or text, which is encoded as
 * UTF-8.
 */
export type Bytes = Uint8Array | readonly Uint8Array[] | string;

/** @throws {ReactorError} `ERR_REACTOR_ARGUMENT` for another type. */
export function chunksOf(data: Bytes): readonly Uint8Array[] {
  if (isUint8Array(data)) return [data];
  if (typeof data === 'string') return [Buffer.from(data)];
  if (Array.isArray(data) && data.every(isUint8Array)) return [...data];
  throw new ReactorError(
    'ERR_REACTOR_ARGUMENT',
    `write takes a Uint8Array, an array of them, or a string; got ${showValue(data)}.`,
  );
}

/** A copy of the bytes from an offset on. `Buffer.prototype.slice` would not copy. */
export function copyOf(bytes: Uint8Array, from = 0): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, from);
}

/**
 * @throws {ReactorError} `ERR_REACTOR_ARGUMENT` unless it is a Uint8Array of at least one byte.
 */
export function requireRoom(into: Uint8Array, call: string): void {
  if (isUint8Array(into) && into.byteLength > 0) return;
  throw new ReactorError(
    'ERR_REACTOR_ARGUMENT',
    `${call} takes a Uint8Array with room for at least one byte, got ${showValue(into)}.`,
  );
}
