import { DEBUG } from './debug.js';
import { NativeMemoryError } from './errors.js';
import { loadKoffi } from './loader.js';
import { type NativeMemory, ViewedMemory } from './viewed-memory.js';

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

class KoffiMemory extends ViewedMemory {
  readonly address: number;
  readonly byteLength: number;
  readonly #pointer: unknown;
  protected view: DataView | undefined;

  constructor(byteLength: number) {
    super();
    const koffi = loadKoffi('allocate');
    this.#pointer = koffi.alloc('uint8_t', byteLength);
    this.address = Number(koffi.address(this.#pointer));
    this.byteLength = byteLength;
    this.view = new DataView(koffi.view(this.#pointer, byteLength));
    use.blocks += 1;
    use.bytes += byteLength;
    blocks.set(this.address, this);
    if (DEBUG) {
      if (this.address % 8 !== 0) throw new NativeMemoryError('koffi.alloc did not align a block.');
      this.fill(debugFill.fresh);
    }
  }

  free(): void {
    const view = this.at(0, 0);
    if (DEBUG) this.fill(debugFill.freed);
    this.view = undefined;
    blocks.delete(this.address);
    // Where Node can, the buffer is detached too: nothing can then reach the freed bytes.
    (view.buffer as ArrayBuffer & { transfer?(bytes: number): ArrayBuffer }).transfer?.(0);
    loadKoffi('free').free(this.#pointer);
    use.blocks -= 1;
    use.bytes -= this.byteLength;
  }
}
