import { type NativeMemory, NativeMemoryError } from 'ntdllx';

const firstAddress = 0x1_4b20_0000;

/**
 * Memory with addresses, of one ArrayBuffer. Its accessors check as ntdllx's own do, so that what
 * they cost is not left out; nothing is given back, for a bench allocates little and ends.
 */
export class NoCostMemory {
  readonly view: DataView;
  #used = 64;

  constructor(byteLength: number) {
    this.view = new DataView(new ArrayBuffer(byteLength));
  }

  /** Where the bytes of an address are in {@link view}. */
  at(address: number): number {
    return address - firstAddress;
  }

  readonly allocate = (byteLength: number): NativeMemory => {
    const start = this.#used;
    this.#used += Math.ceil(byteLength / 64) * 64;
    const { buffer } = this.view;
    if (this.#used > buffer.byteLength) throw new RangeError('The kernel has no memory left.');
    return new Block(buffer as ArrayBuffer, start, byteLength);
  };
}

class Block implements NativeMemory {
  readonly address: number;
  readonly byteLength: number;
  #view: DataView | undefined;

  constructor(buffer: ArrayBuffer, start: number, byteLength: number) {
    this.address = firstAddress + start;
    this.byteLength = byteLength;
    this.#view = new DataView(buffer, start, byteLength);
  }

  #at(offset: number, byteLength: number): DataView {
    const view = this.#view;
    if (view === undefined) throw new NativeMemoryError('This block was freed.');
    if (!(Number.isInteger(offset) && offset >= 0 && offset + byteLength <= this.byteLength)) {
      throw new NativeMemoryError(`Byte ${offset} is outside a block of ${this.byteLength}.`);
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
    const view = this.#at(offset, byteLength);
    return new Uint8Array(view.buffer, view.byteOffset + offset, byteLength).slice();
  }

  write(offset: number, bytes: Uint8Array): void {
    const view = this.#at(offset, bytes.byteLength);
    new Uint8Array(view.buffer, view.byteOffset + offset, bytes.byteLength).set(bytes);
  }

  fill(byte: number): void {
    const view = this.#at(0, this.byteLength);
    new Uint8Array(view.buffer, view.byteOffset, this.byteLength).fill(byte);
  }

  free(): void {
    this.#view = undefined;
  }

  [Symbol.dispose](): void {
    this.free();
  }
}
