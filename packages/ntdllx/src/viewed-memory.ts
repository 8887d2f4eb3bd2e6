import { NativeMemoryError } from './errors.js';

/**
 * A block of memory outside JavaScript's heap. It does not move and is not collected, so its
 * address can be passed to the kernel.
 *
 * The caller that allocated a block owns it and frees it. The kernel writes to the block while a
 * request that points to it is pending: free it only after the packet (or the event) of that
 * request has arrived.
 *
 * Numbers are little-endian. Every access checks the bounds and that the block was not freed.
 * Otherwise it throws {@link NativeMemoryError} and accesses no memory.
 */
export interface NativeMemory {
  /** The block's address: a multiple of 8, below 2^47, so a number represents it exactly. */
  readonly address: number;
  /** The block's length. */
  readonly byteLength: number;
  /** Reads 2 bytes. */
  readU16(offset: number): number;
  /** Reads 4 bytes, such as an NTSTATUS. */
  readU32(offset: number): number;
  /** Reads 4 bytes as a signed number. */
  readI32(offset: number): number;
  /** Reads 8 bytes. For a handle or an address {@link readPointer} is cheaper. */
  readU64(offset: number): bigint;
  /** Reads 8 bytes as a signed number, such as a LARGE_INTEGER. */
  readI64(offset: number): bigint;
  /** Reads 8 bytes, a handle or an address, as a number. Not exact above 2^53. */
  readPointer(offset: number): number;
  /** Writes 2 bytes; the value is taken modulo 2^16. */
  writeU16(offset: number, value: number): void;
  /** Writes 4 bytes; the value is taken modulo 2^32. */
  writeU32(offset: number, value: number): void;
  /** Writes 4 bytes of a signed number. */
  writeI32(offset: number, value: number): void;
  /** Writes 8 bytes; the value is taken modulo 2^64. */
  writeU64(offset: number, value: bigint): void;
  /** Writes 8 bytes of a signed number. */
  writeI64(offset: number, value: bigint): void;
  /** Writes a handle or an address, 0 to 2^53 - 1, as 8 bytes. */
  writePointer(offset: number, value: number): void;
  /** Copies bytes out of the block. */
  read(offset: number, byteLength: number): Uint8Array;
  /** Copies bytes into the block. */
  write(offset: number, bytes: Uint8Array): void;
  /** Sets every byte to one value. */
  fill(byte: number): void;
  /** Frees the block. Afterwards its address is invalid, and every access throws. */
  free(): void;
  /** Calls {@link free} unless the block is already freed; for `using` declarations. */
  [Symbol.dispose](): void;
}

/** Native memory that is accessed through a DataView. */
export abstract class ViewedMemory implements NativeMemory {
  abstract readonly address: number;
  abstract readonly byteLength: number;

  /** Undefined once freed. The view is never handed out, so it cannot outlive its block. */
  protected abstract readonly view: DataView | undefined;

  abstract free(): void;

  [Symbol.dispose](): void {
    if (this.view !== undefined) this.free();
  }

  /** Checks the bounds, and that the block is not freed. @throws {NativeMemoryError} */
  protected at(offset: number, byteLength: number): DataView {
    const view = this.view;
    if (view === undefined) {
      throw new NativeMemoryError(
        'This block of native memory was freed: do not access it, or free it again, after free().',
      );
    }
    if (!(Number.isInteger(offset) && offset >= 0 && offset + byteLength <= this.byteLength)) {
      throw new NativeMemoryError(
        `The block of native memory has ${this.byteLength} bytes, so ${byteLength} bytes at offset ` +
          `${offset} are outside it: check the offset.`,
      );
    }
    return view;
  }

  readU16(offset: number): number {
    return this.at(offset, 2).getUint16(offset, true);
  }

  readU32(offset: number): number {
    return this.at(offset, 4).getUint32(offset, true);
  }

  readI32(offset: number): number {
    return this.at(offset, 4).getInt32(offset, true);
  }

  readU64(offset: number): bigint {
    return this.at(offset, 8).getBigUint64(offset, true);
  }

  readI64(offset: number): bigint {
    return this.at(offset, 8).getBigInt64(offset, true);
  }

  readPointer(offset: number): number {
    const view = this.at(offset, 8);
    return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
  }

  writeU16(offset: number, value: number): void {
    this.at(offset, 2).setUint16(offset, value, true);
  }

  writeU32(offset: number, value: number): void {
    this.at(offset, 4).setUint32(offset, value, true);
  }

  writeI32(offset: number, value: number): void {
    this.at(offset, 4).setInt32(offset, value, true);
  }

  writeU64(offset: number, value: bigint): void {
    this.at(offset, 8).setBigUint64(offset, value, true);
  }

  writeI64(offset: number, value: bigint): void {
    this.at(offset, 8).setBigInt64(offset, value, true);
  }

  writePointer(offset: number, value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0)) {
      throw new NativeMemoryError(
        `writePointer takes a handle or an address from 0 to 2^53 - 1, got ${value}.`,
      );
    }
    const view = this.at(offset, 8);
    view.setUint32(offset, value % 0x1_0000_0000, true);
    view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true);
  }

  read(offset: number, byteLength: number): Uint8Array {
    if (!Number.isInteger(byteLength) || byteLength < 0) {
      throw new NativeMemoryError(`read takes a whole number of bytes, got ${byteLength}.`);
    }
    return this.#bytes(offset, byteLength).slice();
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#bytes(offset, bytes.byteLength).set(bytes);
  }

  fill(byte: number): void {
    this.#bytes(0, this.byteLength).fill(byte);
  }

  #bytes(offset: number, byteLength: number): Uint8Array {
    const view = this.at(offset, byteLength);
    return new Uint8Array(view.buffer, view.byteOffset + offset, byteLength);
  }
}
