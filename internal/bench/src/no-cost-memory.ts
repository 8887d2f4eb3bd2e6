import type { NativeMemory } from 'ntdllx';
import { ViewedMemory } from 'ntdllx/internal';

const firstAddress = 0x1_4b20_0000;

/**
 * Memory with addresses in one ArrayBuffer. Its accessors check as ntdllx's do, so that the cost
 * of the checks is included. It never frees memory, because a bench allocates little and ends.
 */
export class NoCostMemory {
  readonly view: DataView;
  #used = 64;

  constructor(byteLength: number) {
    this.view = new DataView(new ArrayBuffer(byteLength));
  }

  /** The offset of an address in {@link view}. */
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

class Block extends ViewedMemory {
  readonly address: number;
  readonly byteLength: number;
  protected view: DataView | undefined;

  constructor(buffer: ArrayBuffer, start: number, byteLength: number) {
    super();
    this.address = firstAddress + start;
    this.byteLength = byteLength;
    this.view = new DataView(buffer, start, byteLength);
  }

  free(): void {
    this.view = undefined;
  }
}
