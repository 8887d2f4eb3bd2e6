import type { NativeMemory } from '../viewed-memory.js';

/** Where a structure's fields are; `[offset, size]` in bytes, as on x64 and arm64. */
export interface StructLayout {
  readonly size: number;
  readonly fields: Readonly<Record<string, readonly [offset: number, size: number]>>;
}

/** A structure of NT inside a block: accessors only. The block stays its owner's. */
export abstract class NativeStruct {
  protected readonly memory: NativeMemory;
  protected readonly offset: number;

  /** @param offset where in the block the structure starts; a multiple of 8. */
  constructor(memory: NativeMemory, offset = 0) {
    this.memory = memory;
    this.offset = offset;
  }

  /** The structure's own address, for NT's parameters. */
  get address(): number {
    return this.memory.address + this.offset;
  }
}
