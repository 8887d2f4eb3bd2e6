import { type NativeMemory, NativeMemoryError } from 'ntdllx';

/** A slot in the address space, which different blocks use one after another. */
export interface Slot {
  readonly address: number;
  readonly roundedBytes: number;
  readonly view: DataView;
  readonly bytes: Uint8Array;
  block: SimBlock | undefined;
}

/** The functions of the address space that a block calls. */
export interface BlockHost {
  readonly host: {
    violate(text: string): void;
    /** Names the request that uses these bytes. */
    ownerOf(from: number, to: number): string;
  };
  /** Frees the slot of a block. */
  release(slot: Slot, byteLength: number): void;
}

const fresh = 0xaa;
const freed = 0xdd;

/**
 * A block of simulated memory. It has the checks of a real block, and those that only a kernel can
 * make. Bytes that a request names are pinned, in units of 8: the program may read them but not
 * write them.
 */
export class SimBlock implements NativeMemory {
  readonly address: number;
  readonly byteLength: number;
  readonly #space: BlockHost;
  // Undefined once freed.
  #slot: Slot | undefined;
  #pins: Uint16Array | undefined;
  #pinCount = 0;

  constructor(space: BlockHost, slot: Slot, byteLength: number) {
    this.#space = space;
    this.#slot = slot;
    this.address = slot.address;
    this.byteLength = byteLength;
    slot.block = this;
    slot.bytes.fill(fresh);
  }

  /** Pins (+1) or unpins (-1) bytes for a request. */
  pin(offset: number, byteLength: number, by: 1 | -1): void {
    this.#pins ??= new Uint16Array((this.byteLength + 7) >> 3);
    const last = Math.min(this.byteLength, offset + byteLength) - 1;
    for (let grain = offset >> 3; grain <= last >> 3; grain += 1) {
      this.#pins[grain] = (this.#pins[grain] ?? 0) + by;
    }
    this.#pinCount += by;
  }

  /** True if a request names these 8 bytes. */
  isPinned(offset: number): boolean {
    return this.#pinCount > 0 && (this.#pins?.[offset >> 3] ?? 0) > 0;
  }

  #at(offset: number, byteLength: number): Slot {
    const slot = this.#slot;
    if (slot === undefined) {
      this.#space.host.violate(`The program uses a freed block at 0x${this.address.toString(16)}.`);
      throw new NativeMemoryError('This block of native memory was freed.');
    }
    if (!(Number.isInteger(offset) && offset >= 0 && offset + byteLength <= this.byteLength)) {
      throw new NativeMemoryError(
        `Bytes ${offset} to ${offset + byteLength} are outside a block of ${this.byteLength}.`,
      );
    }
    return slot;
  }

  #toWrite(offset: number, byteLength: number): Slot {
    const slot = this.#at(offset, byteLength);
    if (this.#pinCount > 0 && byteLength > 0) this.#requireUnpinned(offset, byteLength);
    return slot;
  }

  #requireUnpinned(offset: number, byteLength: number): void {
    for (let grain = offset >> 3; grain <= (offset + byteLength - 1) >> 3; grain += 1) {
      if ((this.#pins?.[grain] ?? 0) === 0) continue;
      const from = this.address + grain * 8;
      const owner = this.#space.host.ownerOf(from, from + 8);
      this.#space.host.violate(
        `The program writes bytes ${offset} to ${offset + byteLength} of the block at ` +
          `0x${this.address.toString(16)}, which belong to a request of the kernel: ${owner}.`,
      );
      return;
    }
  }

  readU16(offset: number): number {
    return this.#at(offset, 2).view.getUint16(offset, true);
  }

  readU32(offset: number): number {
    return this.#at(offset, 4).view.getUint32(offset, true);
  }

  readI32(offset: number): number {
    return this.#at(offset, 4).view.getInt32(offset, true);
  }

  readU64(offset: number): bigint {
    return this.#at(offset, 8).view.getBigUint64(offset, true);
  }

  readI64(offset: number): bigint {
    return this.#at(offset, 8).view.getBigInt64(offset, true);
  }

  readPointer(offset: number): number {
    const { view } = this.#at(offset, 8);
    return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
  }

  writeU16(offset: number, value: number): void {
    this.#toWrite(offset, 2).view.setUint16(offset, value, true);
  }

  writeU32(offset: number, value: number): void {
    this.#toWrite(offset, 4).view.setUint32(offset, value, true);
  }

  writeI32(offset: number, value: number): void {
    this.#toWrite(offset, 4).view.setInt32(offset, value, true);
  }

  writeU64(offset: number, value: bigint): void {
    this.#toWrite(offset, 8).view.setBigUint64(offset, value, true);
  }

  writeI64(offset: number, value: bigint): void {
    this.#toWrite(offset, 8).view.setBigInt64(offset, value, true);
  }

  writePointer(offset: number, value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0)) {
      throw new NativeMemoryError(
        `writePointer takes a handle or an address from 0 to 2^53 - 1, got ${value}.`,
      );
    }
    const { view } = this.#toWrite(offset, 8);
    view.setUint32(offset, value % 0x1_0000_0000, true);
    view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true);
  }

  read(offset: number, byteLength: number): Uint8Array {
    if (!Number.isInteger(byteLength) || byteLength < 0) {
      throw new NativeMemoryError(`read takes a whole number of bytes, got ${byteLength}.`);
    }
    return this.#at(offset, byteLength).bytes.slice(offset, offset + byteLength);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#toWrite(offset, bytes.byteLength).bytes.set(bytes, offset);
  }

  fill(byte: number): void {
    this.#toWrite(0, this.byteLength).bytes.fill(byte, 0, this.byteLength);
  }

  free(): void {
    const slot = this.#at(0, 0);
    if (this.#pinCount > 0) {
      const owner = this.#space.host.ownerOf(this.address, this.address + this.byteLength);
      this.#space.host.violate(
        `The program frees the block at 0x${this.address.toString(16)}, which belongs to a request of the kernel: ${owner}.`,
      );
    }
    slot.bytes.fill(freed);
    this.#slot = undefined;
    slot.block = undefined;
    this.#space.release(slot, this.byteLength);
  }

  [Symbol.dispose](): void {
    if (this.#slot !== undefined) this.free();
  }
}
