import { DEBUG } from './debug.js';
import { NativeMemoryError } from './errors.js';
import { loadKoffi } from './loader.js';

/**
 * A block of memory outside JavaScript's heap. It does not move and is not collected, so its
 * address may be handed to the kernel.
 *
 * Whoever allocated a block owns it and frees it. While a request that names the block is pending
 * the kernel writes to it: free it only after the packet (or the event) of that request arrived.
 *
 * Numbers are little-endian. Every access is checked against the bounds and against use after
 * {@link free}; a wrong one throws {@link NativeMemoryError} and touches nothing.
 */
export interface NativeMemory {
  /** Where the block is; a multiple of 8, below 2^47, so a number holds it exactly. */
  readonly address: number;
  /** How many bytes it has. */
  readonly byteLength: number;
  readU16(offset: number): number;
  readU32(offset: number): number;
  readI32(offset: number): number;
  readU64(offset: number): bigint;
  readI64(offset: number): bigint;
  /** A handle or an address: 8 bytes, as a number. What is beyond 2^53 is not exact. */
  readPointer(offset: number): number;
  writeU16(offset: number, value: number): void;
  writeU32(offset: number, value: number): void;
  writeI32(offset: number, value: number): void;
  writeU64(offset: number, value: bigint): void;
  writeI64(offset: number, value: bigint): void;
  /** A handle or an address, 0 to 2^53, as 8 bytes. */
  writePointer(offset: number, value: number): void;
  /** A copy of some bytes. */
  read(offset: number, byteLength: number): Uint8Array;
  /** Copies bytes in. */
  write(offset: number, bytes: Uint8Array): void;
  /** Sets every byte to one value. */
  fill(byte: number): void;
  /** Gives the block back. The address is worthless afterwards, and so is this object. */
  free(): void;
  /** {@link free}, at the end of a `using` declaration. */
  [Symbol.dispose](): void;
}

/** How much native memory is allocated now; both are 0 when nothing leaked. */
export interface NativeMemoryUse {
  readonly blocks: number;
  readonly bytes: number;
}

const use = { blocks: 0, bytes: 0 };

/** The blocks of this thread that are not freed, by address. */
const blocks = new Map<number, KoffiMemory>();

/** Counts the blocks that {@link allocate} gave out in this thread and that are not freed yet. */
export function nativeMemory(): NativeMemoryUse {
  return { ...use };
}

/** What the debug build fills a fresh block with, and a block about to be freed. */
export const debugFill = { fresh: 0xaa, freed: 0xdd } as const;

const largestBlock = 2 ** 31 - 1;

/**
 * Allocates a block, aligned to 8 bytes. Its content is undefined; the debug build makes it 0xAA.
 *
 * @param byteLength 1 to 2^31 - 1.
 * @throws {NativeMemoryError} for another length. @throws {HostError} where there is no NT.
 */
export function allocate(byteLength: number): NativeMemory {
  if (!Number.isInteger(byteLength) || byteLength < 1 || byteLength > largestBlock) {
    throw new NativeMemoryError(
      `allocate wants a length from 1 to ${largestBlock} bytes, got ${byteLength}.`,
    );
  }
  return new KoffiMemory(byteLength);
}

/**
 * A copy of memory by its address, for whoever sees an address and not its block. Only blocks from
 * {@link allocate} of this thread are looked into, so a wrong address is no crash; of an address inside
 * a block the time goes with the number of blocks. What the kernel holds at the moment may change
 * while it is copied.
 *
 * @returns undefined unless all of it lies in one block that is not freed.
 */
export function readMemory(address: number | bigint, byteLength: number): Uint8Array | undefined {
  const at = Number(address);
  const block = blocks.get(at) ?? blockAround(at);
  const offset = block === undefined ? 0 : at - block.address;
  if (block === undefined || !(byteLength >= 0 && offset + byteLength <= block.byteLength)) {
    return undefined;
  }
  return block.read(offset, byteLength);
}

function blockAround(address: number): KoffiMemory | undefined {
  for (const block of blocks.values()) {
    if (block.address <= address && address < block.address + block.byteLength) return block;
  }
  return undefined;
}

class KoffiMemory implements NativeMemory {
  readonly address: number;
  readonly byteLength: number;
  readonly #pointer: unknown;
  // Undefined once freed. A view of koffi's never outlives its block and never leaves this class.
  #view: DataView | undefined;

  constructor(byteLength: number) {
    const koffi = loadKoffi('allocate');
    this.#pointer = koffi.alloc('uint8_t', byteLength);
    this.address = Number(koffi.address(this.#pointer));
    this.byteLength = byteLength;
    this.#view = new DataView(koffi.view(this.#pointer, byteLength));
    use.blocks += 1;
    use.bytes += byteLength;
    blocks.set(this.address, this);
    if (DEBUG) {
      if (this.address % 8 !== 0) throw new NativeMemoryError('koffi.alloc did not align a block.');
      this.fill(debugFill.fresh);
    }
  }

  #at(offset: number, byteLength: number): DataView {
    const view = this.#view;
    if (view === undefined) {
      throw new NativeMemoryError('This block of native memory was freed.');
    }
    if (!(Number.isInteger(offset) && offset >= 0 && offset + byteLength <= this.byteLength)) {
      throw new NativeMemoryError(
        `Bytes ${offset} to ${offset + byteLength} are outside a block of ${this.byteLength}.`,
      );
    }
    return view;
  }

  readU16(offset: number): number {
    return this.#at(offset, 2).getUint16(offset, true);
  }

  readU32(offset: number): number {
    return this.#at(offset, 4).getUint32(offset, true);
  }

  readI32(offset: number): number {
    return this.#at(offset, 4).getInt32(offset, true);
  }

  readU64(offset: number): bigint {
    return this.#at(offset, 8).getBigUint64(offset, true);
  }

  readI64(offset: number): bigint {
    return this.#at(offset, 8).getBigInt64(offset, true);
  }

  readPointer(offset: number): number {
    const view = this.#at(offset, 8);
    return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
  }

  writeU16(offset: number, value: number): void {
    this.#at(offset, 2).setUint16(offset, value, true);
  }

  writeU32(offset: number, value: number): void {
    this.#at(offset, 4).setUint32(offset, value, true);
  }

  writeI32(offset: number, value: number): void {
    this.#at(offset, 4).setInt32(offset, value, true);
  }

  writeU64(offset: number, value: bigint): void {
    this.#at(offset, 8).setBigUint64(offset, value, true);
  }

  writeI64(offset: number, value: bigint): void {
    this.#at(offset, 8).setBigInt64(offset, value, true);
  }

  writePointer(offset: number, value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0)) {
      throw new NativeMemoryError(`A handle or an address is 0 to 2^53, got ${value}.`);
    }
    const view = this.#at(offset, 8);
    view.setUint32(offset, value % 0x1_0000_0000, true);
    view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true);
  }

  read(offset: number, byteLength: number): Uint8Array {
    if (!Number.isInteger(byteLength) || byteLength < 0) {
      throw new NativeMemoryError(`read wants a whole number of bytes, got ${byteLength}.`);
    }
    return new Uint8Array(this.#at(offset, byteLength).buffer, offset, byteLength).slice();
  }

  write(offset: number, bytes: Uint8Array): void {
    const view = this.#at(offset, bytes.byteLength);
    new Uint8Array(view.buffer, offset, bytes.byteLength).set(bytes);
  }

  fill(byte: number): void {
    new Uint8Array(this.#at(0, this.byteLength).buffer).fill(byte);
  }

  free(): void {
    const view = this.#at(0, 0);
    if (DEBUG) this.fill(debugFill.freed);
    this.#view = undefined;
    blocks.delete(this.address);
    // Where Node can, the buffer is detached too: nothing can then reach the freed bytes.
    (view.buffer as ArrayBuffer & { transfer?(bytes: number): ArrayBuffer }).transfer?.(0);
    loadKoffi('free').free(this.#pointer);
    use.blocks -= 1;
    use.bytes -= this.byteLength;
  }

  [Symbol.dispose](): void {
    if (this.#view !== undefined) this.free();
  }
}
