import { isUint8Array } from 'node:util/types';
import { SktError } from './errors.js';
import { show } from './show.js';

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getter = (name: string) =>
  Object.getOwnPropertyDescriptor(typedArray, name)?.get as () => unknown;
const bufferOf = getter('buffer');
const byteOffsetOf = getter('byteOffset');
const byteLengthOf = getter('byteLength');

function refuse(call: string, wanted: string, given: unknown): SktError {
  return new SktError('ERR_SKT_ARGUMENT', `${call} wants ${wanted}, got ${show(given)}.`);
}

/**
 * The bytes that were given, as a plain view: what a subclass, a proxy or a borrowed prototype says
 * about itself is not relied on where the kernel reads and writes.
 */
function plainView(bytes: Uint8Array, call: string, wanted: string): Uint8Array {
  if (!isUint8Array(bytes)) throw refuse(call, wanted, bytes);
  const buffer = bufferOf.call(bytes) as ArrayBufferLike;
  try {
    return new Uint8Array(
      buffer,
      byteOffsetOf.call(bytes) as number,
      byteLengthOf.call(bytes) as number,
    );
  } catch {
    throw new SktError('ERR_SKT_ARGUMENT', `${call} wants ${wanted}: its buffer was detached.`);
  }
}

/** @throws {SktError} `ERR_SKT_ARGUMENT` for what are no bytes, or bytes that were given away. */
export function requireBytes(bytes: Uint8Array, call: string): Uint8Array {
  return plainView(bytes, call, 'a Uint8Array');
}

/** @throws {SktError} `ERR_SKT_ARGUMENT` also when there is no room for a byte. */
export function requireRoom(into: Uint8Array, call: string): Uint8Array {
  const wanted = 'a Uint8Array with room for a byte';
  const view = plainView(into, call, wanted);
  if (view.byteLength > 0) return view;
  throw refuse(call, wanted, into);
}
