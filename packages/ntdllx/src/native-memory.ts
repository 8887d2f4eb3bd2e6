import { DEBUG } from './debug.js';
import { NativeMemoryError } from './errors.js';
import { loadKoffi } from './loader.js';
import { type NativeMemory, ViewedMemory } from './viewed-memory.js';

/** How much native memory is allocated now. Both are 0 once everything was freed. */
export interface NativeMemoryUse {
  /** How many blocks. */
  readonly blocks: number;
  /** The sum of their lengths. */
  readonly bytes: number;
}

const use = { blocks: 0, bytes: 0 };

/** This thread's blocks that are not freed yet, by address. */
const blocks = new Map<number, KoffiMemory>();

/** Counts the blocks that {@link allocate} returned in this thread and that are not freed yet. */
export function nativeMemory(): NativeMemoryUse {
  return { ...use };
}

/** The bytes with which the debug build fills a new block, and a block just before its free. */
export const debugFill = { fresh: 0xaa, freed: 0xdd } as const;

const largestBlock = 2 ** 31 - 1;

/**
 * Allocates a block, aligned to 8 bytes. Its content is undefined; the debug build fills it with
 * 0xAA.
 *
 * @param byteLength 1 to 2^31 - 1.
 * @throws {NativeMemoryError} for another length. @throws {HostError} if the host is not NT.
 *
 * @example
 * ```ts
 * import { allocate, IO_STATUS_BLOCK, STATUS_PENDING } from 'ntdllx';
 *
 * using memory = allocate(16);
 * const iosb = new IO_STATUS_BLOCK(memory);
 * iosb.Status = STATUS_PENDING; // then pass iosb.address to NT
 * ```
 */
export function allocate(byteLength: number): NativeMemory {
  if (!Number.isInteger(byteLength) || byteLength < 1 || byteLength > largestBlock) {
    throw new NativeMemoryError(
      `allocate takes a length from 1 to ${largestBlock} bytes, got ${byteLength}.`,
    );
  }
  return new KoffiMemory(byteLength);
}

/**
 * Copies memory by its address, for a caller that knows an address but not its block. Reads only
 * blocks that this thread got from {@link allocate}, so a wrong address does not crash. If the
 * address is not the start of a block, the time is proportional to the number of blocks. If the
 * kernel owns the block, its content may change during the copy.
 *
 * @returns undefined unless all the bytes lie in one block that is not freed.
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
      if (this.address % 8 !== 0) {
        const at = `0x${this.address.toString(16)}`;
        throw new NativeMemoryError(`koffi.alloc returned ${at}, which is not a multiple of 8.`);
      }
      this.fill(debugFill.fresh);
    }
  }

  free(): void {
    const view = this.at(0, 0);
    if (DEBUG) this.fill(debugFill.freed);
    this.view = undefined;
    blocks.delete(this.address);
    // Detaching the buffer, if this Node can, makes the freed bytes unreachable through other
    // views.
    (view.buffer as ArrayBuffer & { transfer?(bytes: number): ArrayBuffer }).transfer?.(0);
    loadKoffi('free').free(this.#pointer);
    use.blocks -= 1;
    use.bytes -= this.byteLength;
  }
}
