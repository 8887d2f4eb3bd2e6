import type { NativeMemory } from '../viewed-memory.js';

/** A structure's size, and `[offset, size]` of each field; in bytes, equal on x64 and arm64. */
export interface StructLayout {
  /** The size of the structure, padding included. */
  readonly size: number;
  /** The fields by NT's names. */
  readonly fields: Readonly<Record<string, readonly [offset: number, size: number]>>;
}

/** Accessors for a structure of NT inside a block. Does not own the block. */
export abstract class NativeStruct {
  /** The block in which the structure lies. */
  protected readonly memory: NativeMemory;
  /** Where in the block it starts. */
  protected readonly offset: number;

  /** @param offset where in the block the structure starts; a multiple of 8. */
  constructor(memory: NativeMemory, offset = 0) {
    this.memory = memory;
    this.offset = offset;
  }

  /** The structure's address, to be passed to NT. */
  get address(): number {
    return this.memory.address + this.offset;
  }
}
