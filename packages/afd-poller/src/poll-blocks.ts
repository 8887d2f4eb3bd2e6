import {
  AFD_POLL_HANDLE_INFO,
  AFD_POLL_INFO,
  INT64_MAX,
  IO_STATUS_BLOCK,
  type Kernel,
  type NativeMemory,
  STATUS_PENDING,
} from 'ntdllx';
import { DEBUG } from './debug.js';

const infoOffset = IO_STATUS_BLOCK.layout.size;
const { Timeout, NumberOfHandles, Exclusive, Handles } = AFD_POLL_INFO.layout.fields;
const { Handle, Events, Status } = AFD_POLL_HANDLE_INFO.layout.fields;
const handlesOffset = infoOffset + Handles[0];
const handleBytes = AFD_POLL_HANDLE_INFO.layout.size;
const guardBytes = 16;

/** Blocks start at multiples of this, which leaves so many generations for an ApcContext. */
const alignment = 64;
/** What the address of an AFD_POLL_INFO is beyond that of its block. */
export const pollInfoOffset = infoOffset;

const firstSlabBlocks = 64;
const largestSlabBlocks = 4_096;
const guardWord = 0xfdfd_fdfd;
const freedByte = 0xdd;

/** Who may write to a block. */
const owner = { nobody: 0, us: 1, kernel: 2 } as const;

interface Slab {
  readonly memory: NativeMemory;
  /** The address of the first block. */
  readonly base: number;
  /** Where that is in the memory. */
  readonly start: number;
  /** The number of the first block, over all slabs, and how many there are. */
  readonly first: number;
  readonly count: number;
  readonly owners: Uint8Array;
  readonly generations: Uint8Array;
}

/** How many blocks there are, by owner. */
export interface BlockCounts {
  readonly free: number;
  readonly ours: number;
  readonly kernels: number;
  /** Native memory of all slabs. */
  readonly bytes: number;
}

/**
 * Blocks that the kernel writes to, in slabs that do not move, and the ledger of who owns which.
 *
 *     nobody ── acquire ──▶ us ── lend ──▶ kernel
 *        ▲                  │ ▲               │
 *        └───── release ────┘ └── takeBack ───┘
 *
 * Only a block of ours is written or released. The kernel's are lent from just before
 * NtDeviceIoControlFile until the packet was removed from the port, or the call was refused.
 *
 * A block's ApcContext is its address plus the generation of the loan, which fits into the six bits
 * that are zero in the address. So a packet of an earlier loan finds nothing.
 */
export class PollBlocks {
  /** An IO_STATUS_BLOCK, an AFD_POLL_INFO for so many sockets, and 16 guard bytes; rounded up. */
  readonly blockBytes: number;
  readonly #kernel: Kernel;
  readonly #guardOffset: number;
  readonly #slabs: Slab[] = [];
  #free: number[] = [];
  #blocks = 0;
  #kernels = 0;

  /** @param handlesPerBlock how many sockets one request may be about. */
  constructor(kernel: Kernel, handlesPerBlock = 1) {
    this.#kernel = kernel;
    this.#guardOffset = infoOffset + AFD_POLL_INFO.byteLength(handlesPerBlock);
    this.blockBytes = Math.ceil((this.#guardOffset + guardBytes) / alignment) * alignment;
  }

  /** Takes a block for ourselves; its content is ready to be armed. */
  acquire(): number {
    if (this.#free.length === 0) this.#grow();
    const block = this.#free.pop() as number;
    const slab = this.#slabOf(block);
    slab.owners[block - slab.first] = owner.us;
    const at = this.#offset(slab, block);
    const { memory } = slab;
    memory.writeI64(at + infoOffset + Timeout[0], INT64_MAX);
    // All four bytes: an exclusive poll would end the others of the socket.
    memory.writeU32(at + infoOffset + Exclusive[0], 0);
    if (DEBUG)
      for (let word = 0; word < 4; word += 1)
        memory.writeU32(at + this.#guardOffset + 4 * word, guardWord);
    return block;
  }

  /** Gives a block of ours back. @throws {Error} for the kernel's: it would be written to later. */
  release(block: number): void {
    const slab = this.#require(block, owner.us);
    slab.owners[block - slab.first] = owner.nobody;
    if (DEBUG) {
      const at = this.#offset(slab, block);
      slab.memory.write(at, new Uint8Array(this.blockBytes).fill(freedByte));
    }
    this.#free.push(block);
  }

  /** Writes which socket a block of ours is to ask about, and for what. */
  setHandle(block: number, index: number, handle: number, mask: number): void {
    const { memory } = this.#require(block, owner.us);
    const at = this.#handleOffset(block, index);
    memory.writePointer(at + Handle[0], handle);
    memory.writeU32(at + Events[0], mask);
    memory.writeU32(at + Status[0], 0);
  }

  /**
   * Lends a block of ours to the kernel: the very next call is to be the request.
   *
   * @param handles how many sockets were written into it.
   * @returns what the request's ApcContext is to be.
   */
  lend(block: number, handles: number): number {
    const slab = this.#require(block, owner.us);
    const { memory, owners, generations } = slab;
    const index = block - slab.first;
    const at = this.#offset(slab, block);
    memory.writeU32(at, STATUS_PENDING);
    memory.writeU32(at + infoOffset + NumberOfHandles[0], handles);
    owners[index] = owner.kernel;
    this.#kernels += 1;
    const generation = ((generations[index] as number) + 1) % alignment;
    generations[index] = generation;
    return slab.base + index * this.blockBytes + generation;
  }

  /** The request was refused, or ended without a packet: the block is ours again. */
  takeBack(block: number): void {
    const slab = this.#require(block, owner.kernel);
    slab.owners[block - slab.first] = owner.us;
    this.#kernels -= 1;
    if (DEBUG) this.#checkGuard(slab, block);
  }

  /**
   * The block that a packet belongs to, if it is lent, the loan is this one and the request ended.
   *
   * @returns -1 for a packet of nobody: posted by somebody else, or of an earlier loan.
   */
  find(apcContext: number): number {
    for (const slab of this.#slabs) {
      const offset = apcContext - slab.base;
      if (!(offset >= 0 && offset < slab.count * this.blockBytes)) continue;
      const index = Math.floor(offset / this.blockBytes);
      const isLent = slab.owners[index] === owner.kernel;
      const block = slab.first + index;
      if (!isLent || slab.generations[index] !== offset % this.blockBytes) return -1;
      return this.status(block) === STATUS_PENDING ? -1 : block;
    }
    return -1;
  }

  /** The address of a block: of its IO_STATUS_BLOCK. */
  address(block: number): number {
    const slab = this.#slabOf(block);
    return slab.base + (block - slab.first) * this.blockBytes;
  }

  /** How the request ended; STATUS_PENDING until it did. To be read first. */
  status(block: number): number {
    const slab = this.#slabOf(block);
    return slab.memory.readU32(this.#offset(slab, block));
  }

  /** How many sockets the output names. To be read second. */
  handleCount(block: number): number {
    const slab = this.#slabOf(block);
    return slab.memory.readU32(this.#offset(slab, block) + infoOffset + NumberOfHandles[0]);
  }

  /** The handle of one of them. The output is compacted. */
  handle(block: number, index: number): number {
    return this.#slabOf(block).memory.readPointer(this.#handleOffset(block, index) + Handle[0]);
  }

  /** Its events. They mean nothing unless status and count say so. */
  events(block: number, index: number): number {
    return this.#slabOf(block).memory.readU32(this.#handleOffset(block, index) + Events[0]);
  }

  /** Why its connect failed, with AFD_POLL_CONNECT_FAIL. */
  cause(block: number, index: number): number {
    return this.#slabOf(block).memory.readU32(this.#handleOffset(block, index) + Status[0]);
  }

  get counts(): BlockCounts {
    const free = this.#free.length;
    const bytes = this.#slabs.reduce((sum, { memory }) => sum + memory.byteLength, 0);
    return { free, ours: this.#blocks - free - this.#kernels, kernels: this.#kernels, bytes };
  }

  /**
   * Gives all memory back, except slabs that hold a block of the kernel's: these stay for good.
   *
   * @returns how many blocks the kernel still holds.
   */
  close(): number {
    for (const { memory, owners } of this.#slabs) {
      if (!owners.includes(owner.kernel)) memory.free();
    }
    this.#slabs.length = 0;
    this.#free = [];
    return this.#kernels;
  }

  /** Compares the ledger's counters with what they count. @throws {Error} naming the first lie. */
  verify(): void {
    const counted = [0, 0, 0];
    for (const { owners } of this.#slabs) {
      for (const each of owners) counted[each] = (counted[each] as number) + 1;
    }
    const { free, ours, kernels } = this.counts;
    const said = [free, ours, kernels];
    if (said.join() !== counted.join()) throw new Error(`ledger: ${said} said, ${counted} counted`);
    if (new Set(this.#free).size !== free) throw new Error('ledger: a block is free twice');
    for (const slab of this.#slabs) {
      for (let index = 0; DEBUG && index < slab.count; index += 1) {
        if (slab.owners[index] === owner.us) this.#checkGuard(slab, slab.first + index);
      }
    }
  }

  #grow(): void {
    const last = this.#slabs.at(-1);
    const count = last ? Math.min(largestSlabBlocks, 2 * last.count) : firstSlabBlocks;
    const memory = this.#kernel.allocate(count * this.blockBytes + alignment);
    const start = (alignment - (memory.address % alignment)) % alignment;
    const first = this.#blocks;
    this.#slabs.push({
      memory,
      base: memory.address + start,
      start,
      first,
      count,
      owners: new Uint8Array(count),
      generations: new Uint8Array(count),
    });
    this.#blocks += count;
    for (let index = count - 1; index >= 0; index -= 1) this.#free.push(first + index);
  }

  #slabOf(block: number): Slab {
    for (const slab of this.#slabs) {
      if (block < slab.first + slab.count) return slab;
    }
    throw new Error(`ledger: there is no block ${block}`);
  }

  #offset(slab: Slab, block: number): number {
    return slab.start + (block - slab.first) * this.blockBytes;
  }

  #handleOffset(block: number, index: number): number {
    return this.#offset(this.#slabOf(block), block) + handlesOffset + index * handleBytes;
  }

  #require(block: number, wanted: number): Slab {
    const slab = this.#slabOf(block);
    const found = slab.owners[block - slab.first];
    if (found === wanted) return slab;
    const whose = ['nobody’s', 'ours', 'the kernel’s'];
    throw new Error(`ledger: block ${block} is ${whose[found ?? 0]}, not ${whose[wanted]}`);
  }

  #checkGuard(slab: Slab, block: number): void {
    const at = this.#offset(slab, block) + this.#guardOffset;
    for (let word = 0; word < 4; word += 1) {
      if (slab.memory.readU32(at + 4 * word) === guardWord) continue;
      throw new Error(`ledger: somebody wrote behind block ${block}`);
    }
  }
}
