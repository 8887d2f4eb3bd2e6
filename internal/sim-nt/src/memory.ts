import { type NativeMemory, NativeMemoryError } from 'ntdllx';
import { type BlockHost, SimBlock, type Slot } from './block.js';
import type { Random } from './random.js';

const pageBytes = 4_096;
const firstAddress = 0x0000_01a0_4b20_0000;
const largestBlock = 2 ** 31 - 1;

/** The amount of allocated simulated memory; both are 0 if nothing leaked. */
export interface MemoryUse {
  readonly blocks: number;
  readonly bytes: number;
}

/** The kernel functions that the address space uses. */
export type MemoryHost = BlockHost['host'] & { readonly random: Random };

/**
 * The simulated address space. Each block has its own pages with a gap behind them, so that an
 * address can be looked up directly, and a wild address hits no block. Freed slots are soon
 * reused, as in a real allocator, so that a stale address reaches another block's bytes.
 */
export class AddressSpace implements BlockHost {
  readonly host: MemoryHost;
  readonly #pages: (Slot | undefined)[] = [];
  readonly #free = new Map<number, Slot[]>();
  #blocks = 0;
  #bytes = 0;
  /** The view in which {@link locate} found the bytes. */
  view: DataView = new DataView(new ArrayBuffer(0));
  at = 0;

  constructor(host: MemoryHost) {
    this.host = host;
  }

  get use(): MemoryUse {
    return { blocks: this.#blocks, bytes: this.#bytes };
  }

  allocate(byteLength: number): NativeMemory {
    if (!Number.isInteger(byteLength) || byteLength < 1 || byteLength > largestBlock) {
      throw new NativeMemoryError(
        `allocate takes a length from 1 to ${largestBlock} bytes, got ${byteLength}.`,
      );
    }
    const roundedBytes = Math.ceil(byteLength / 16) * 16;
    const slot = this.#reuse(roundedBytes) ?? this.#newSlot(roundedBytes);
    this.#blocks += 1;
    this.#bytes += byteLength;
    return new SimBlock(this, slot, byteLength);
  }

  release(slot: Slot, byteLength: number): void {
    this.#blocks -= 1;
    this.#bytes -= byteLength;
    const list = this.#free.get(slot.roundedBytes);
    if (list === undefined) this.#free.set(slot.roundedBytes, [slot]);
    else list.push(slot);
  }

  /**
   * Finds the bytes of an address for the kernel and sets {@link view} and {@link at}. Returns
   * false and records a violation if the program has no such memory.
   */
  locate(address: number, byteLength: number, purpose: string): boolean {
    const slot = this.#slotAt(address);
    const offset = slot === undefined ? 0 : address - slot.address;
    const block = slot?.block;
    if (slot !== undefined && block !== undefined && offset >= 0) {
      if (offset + byteLength <= block.byteLength) {
        this.view = slot.view;
        this.at = offset;
        return true;
      }
    }
    const place = `${byteLength} bytes at 0x${address.toString(16)}`;
    const problem =
      slot === undefined || offset < 0
        ? 'where no block was ever allocated'
        : block === undefined
          ? 'which were freed'
          : `outside the block of ${block.byteLength} bytes at 0x${slot.address.toString(16)}`;
    this.host.violate(`The kernel's ${purpose} uses ${place}, ${problem}.`);
    return false;
  }

  /** The block that contains an address, even if the block is too short. */
  blockAt(address: number): SimBlock | undefined {
    return this.#slotAt(address)?.block;
  }

  #slotAt(address: number): Slot | undefined {
    const page = Math.floor((address - firstAddress) / pageBytes);
    return page >= 0 ? this.#pages[page] : undefined;
  }

  #reuse(roundedBytes: number): Slot | undefined {
    const list = this.#free.get(roundedBytes);
    if (list === undefined || list.length === 0) return undefined;
    // Mostly the slot that was freed last, sometimes an older slot, rarely a new slot.
    const dice = this.host.random.below(8);
    if (dice === 0 && list.length < 64) return undefined;
    if (dice > 2) return list.pop();
    const index = this.host.random.below(list.length);
    const slot = list[index];
    const last = list.pop();
    if (last !== undefined && last !== slot) list[index] = last;
    return slot;
  }

  #newSlot(roundedBytes: number): Slot {
    const { random } = this.host;
    const first = this.#pages.length + random.below(3);
    // The offset of a block in its first page: a multiple of 8, and sometimes of 16.
    const offset = random.below(pageBytes / 16) * 8;
    const count = Math.ceil((offset + roundedBytes) / pageBytes);
    const buffer = new ArrayBuffer(roundedBytes);
    const slot: Slot = {
      address: firstAddress + first * pageBytes + offset,
      roundedBytes,
      view: new DataView(buffer),
      bytes: new Uint8Array(buffer),
      block: undefined,
    };
    while (this.#pages.length < first) this.#pages.push(undefined);
    for (let page = 0; page < count; page += 1) this.#pages.push(slot);
    return slot;
  }
}
