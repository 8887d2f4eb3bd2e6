import { isUint8Array } from 'node:util/types';
import { showValue } from 'ntdllx';
import { SktError } from './errors.js';

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getter = (name: string) =>
  Object.getOwnPropertyDescriptor(typedArray, name)?.get as () => unknown;
const bufferOf = getter('buffer');
const byteOffsetOf = getter('byteOffset');
const byteLengthOf = getter('byteLength');

function refuse(call: string, wanted: string, given: unknown): SktError {
  return new SktError('ERR_SKT_ARGUMENT', `${call} takes ${wanted}, got ${showValue(given)}.`);
}

/**
 * The length of a Uint8Array, read by the built-in getters. The kernel will read or write that
 * many bytes, so a length that a subclass or another prototype reports must not be used.
 */
function lengthOf(bytes: Uint8Array, call: string, wanted: string): number {
  if (!isUint8Array(bytes)) throw refuse(call, wanted, bytes);
  const byteLength = byteLengthOf.call(bytes) as number;
  // The length is 0 also if the buffer was detached.
  if (byteLength === 0) requireBuffer(bytes, call, wanted);
  return byteLength;
}

function requireBuffer(bytes: Uint8Array, call: string, wanted: string): void {
  const [buffer, offset] = [bufferOf.call(bytes), byteOffsetOf.call(bytes)];
  try {
    new Uint8Array(buffer as ArrayBufferLike, offset as number, 0);
  } catch {
    throw new SktError(
      'ERR_SKT_ARGUMENT',
      `${call} takes ${wanted}, but the buffer of this one is detached: most likely it was ` +
        'transferred to another thread.',
    );
  }
}

/**
 * @returns the length in bytes.
 * @throws {SktError} `ERR_SKT_ARGUMENT` if this is not a Uint8Array, or its buffer was detached.
 */
export function requireBytes(bytes: Uint8Array, call: string): number {
  return lengthOf(bytes, call, 'a Uint8Array');
}

/**
 * @returns the length in bytes.
 * @throws {SktError} `ERR_SKT_ARGUMENT` as {@link requireBytes}, and if the length is 0.
 */
export function requireRoom(into: Uint8Array, call: string): number {
  const wanted = 'a Uint8Array with room for at least one byte';
  const byteLength = lengthOf(into, call, wanted);
  if (byteLength > 0) return byteLength;
  throw refuse(call, wanted, into);
}
