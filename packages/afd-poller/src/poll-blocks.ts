import {
  BoxedNumbers,
  pollBlockBytes,
  pollInfoOffset,
  pollStatus,
  reportedCause,
  reportedEvents,
  reportedHandle,
  reportedHandles,
  writePoll,
  writePollHandle,
  writePollHeader,
} from 'nt-afd';
import { type HANDLE, type Kernel, type NativeMemory, type NTSTATUS, STATUS_PENDING } from 'ntdllx';
import { DEBUG } from './debug.js';
import { Queue } from './queue.js';

const guardBytes = 16;

/** Blocks start at multiples of this, a line of the processor's cache. */
const alignment = 64;
/** How many loans of a block are told apart. */
const generationCount = 64;
/** How many ApcContexts a block has: four per generation, of which an odd one is used, by its kind. */
const contextsPerBlock = 4 * generationCount;

/** As many blocks as fit are in the first slab, 64 at the most. */
const firstSlabBytes = 8_192;
const largestSlabBlocks = 4_096;
const guardWord = 0xfdfd_fdfd;
const freedWord = 0xdddd_dddd;

/** Who may write to a block. */
const owner = { nobody: 0, us: 1, kernel: 2 } as const;

interface Slab {
  readonly memory: NativeMemory;
  /** Where the first block is in the memory. */
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
 * The ApcContext of a loan is made of the block's number and the generation of the loan, so a packet
 * of an earlier loan finds nothing. It is odd, so it is never null, and never the address of an
 * OVERLAPPED of somebody else on the same port. And it is small: V8 has numbers below 2^31 in place,
 * but would make an object of 16 bytes for each address plus generation.
 */
export class PollBlocks {
  /** An IO_STATUS_BLOCK, an AFD_POLL_INFO for so many sockets, and 16 guard bytes; rounded up. */
  readonly blockBytes: number;
  readonly #kernel: Kernel;
  readonly #guardOffset: number;
  readonly #firstSlabBlocks: number;
  readonly #slabs: Slab[] = [];
  /** By block, once it was acquired: its address, and that of its AFD_POLL_INFO. */
  readonly #addresses = new BoxedNumbers();
  readonly #infoAddresses = new BoxedNumbers();
  readonly #free = new Queue<number>();
  #blocks = 0;
  #kernels = 0;

  /** 0 or 1: ledgers of a different kind on one port tell their packets apart. */
  readonly kind: 0 | 1;

  /** @param handlesPerBlock how many sockets one request may be about. */
  constructor(kernel: Kernel, handlesPerBlock = 1, kind: 0 | 1 = 0) {
    this.#kernel = kernel;
    this.kind = kind;
    this.#guardOffset = pollBlockBytes(handlesPerBlock);
    this.blockBytes = Math.ceil((this.#guardOffset + guardBytes) / alignment) * alignment;
    this.#firstSlabBlocks = Math.min(64, Math.floor(firstSlabBytes / this.blockBytes));
  }

  /** True if a block can be acquired. @returns false when there is no native memory left. */
  hasRoom(): boolean {
    if (this.#free.length > 0) return true;
    let memory: NativeMemory;
    try {
      memory = this.#kernel.allocate(this.#nextSlabBytes());
    } catch {
      return false;
    }
    this.#grow(memory);
    return true;
  }

  /** Takes a block for ourselves; its content is ready to be armed. */
  acquire(): number {
    if (this.#free.length === 0) this.#grow(this.#kernel.allocate(this.#nextSlabBytes()));
    const block = this.#free.pop();
    const slab = this.#slabOf(block);
    slab.owners[block - slab.first] = owner.us;
    const at = this.#offset(slab, block);
    const { memory } = slab;
    // New blocks are taken in their order.
    const isNew = block === this.#addresses.length;
    if (isNew) {
      this.#addresses.push(memory.address + at);
      this.#infoAddresses.push(memory.address + at + pollInfoOffset);
    }
    // A poll leaves its header as it is.
    if (isNew || DEBUG) writePollHeader(memory, at);
    if (DEBUG) this.#fill(memory, at + this.#guardOffset, guardBytes, guardWord);
    return block;
  }

  /** Gives a block of ours back. @throws {Error} for the kernel's: it would be written to later. */
  release(block: number): void {
    const slab = this.#require(block, owner.us);
    slab.owners[block - slab.first] = owner.nobody;
    if (DEBUG) this.#fill(slab.memory, this.#offset(slab, block), this.blockBytes, freedWord);
    this.#free.push(block);
  }

  /** Writes which socket a block of ours is to ask about, and for what. */
  setHandle(block: number, index: number, handle: HANDLE, mask: number): void {
    const slab = this.#require(block, owner.us);
    writePollHandle(slab.memory, this.#offset(slab, block), index, handle, mask);
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
    writePoll(memory, this.#offset(slab, block), handles);
    owners[index] = owner.kernel;
    this.#kernels += 1;
    const generation = ((generations[index] as number) + 1) % generationCount;
    generations[index] = generation;
    return this.context(block);
  }

  /** The ApcContext of the loan of a block; of the last one, when it is not lent. */
  context(block: number): number {
    const slab = this.#slabOf(block);
    const generation = slab.generations[block - slab.first] as number;
    return block * contextsPerBlock + 4 * generation + 2 * this.kind + 1;
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
    const block = Math.floor(apcContext / contextsPerBlock);
    const rest = apcContext % contextsPerBlock;
    const generation = (rest - 2 * this.kind - 1) / 4;
    for (const slab of this.#slabs) {
      const index = block - slab.first;
      if (index >= slab.count) continue;
      const isLent = slab.owners[index] === owner.kernel;
      if (!isLent || slab.generations[index] !== generation) return -1;
      return this.status(block) === STATUS_PENDING ? -1 : block;
    }
    return -1;
  }

  /** The address of a block: of its IO_STATUS_BLOCK. */
  address(block: number): number {
    return this.#addresses.at(block);
  }

  /** The address of its AFD_POLL_INFO. */
  infoAddress(block: number): number {
    return this.#infoAddresses.at(block);
  }

  /** How the poll of a block ended; STATUS_PENDING until it did. */
  status(block: number): NTSTATUS {
    const slab = this.#slabOf(block);
    return pollStatus(slab.memory, this.#offset(slab, block));
  }

  /** How many sockets a complete poll reports; none unless its Status is a success. */
  reported(block: number): number {
    const slab = this.#slabOf(block);
    return reportedHandles(slab.memory, this.#offset(slab, block));
  }

  /** The handle of a reported socket. The output is compacted. */
  handle(block: number, index: number): HANDLE {
    const slab = this.#slabOf(block);
    return reportedHandle(slab.memory, this.#offset(slab, block), index);
  }

  /** Its AFD_POLL_* bits. */
  events(block: number, index: number): number {
    const slab = this.#slabOf(block);
    return reportedEvents(slab.memory, this.#offset(slab, block), index);
  }

  /** Why its connect failed. */
  cause(block: number, index: number): NTSTATUS {
    const slab = this.#slabOf(block);
    return reportedCause(slab.memory, this.#offset(slab, block), index);
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
    this.#addresses.clear();
    this.#infoAddresses.clear();
    this.#free.clear();
    this.#blocks = this.#kernels;
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
    const different = new Set(Array.from({ length: free }, (_, index) => this.#free.at(index)));
    if (different.size !== free) throw new Error('ledger: a block is free twice');
    for (const slab of this.#slabs) {
      for (let index = 0; DEBUG && index < slab.count; index += 1) {
        if (slab.owners[index] === owner.us) this.#checkGuard(slab, slab.first + index);
      }
    }
  }

  #nextSlabBlocks(): number {
    const last = this.#slabs.at(-1);
    return last ? Math.min(largestSlabBlocks, 2 * last.count) : this.#firstSlabBlocks;
  }

  #nextSlabBytes(): number {
    return this.#nextSlabBlocks() * this.blockBytes + alignment;
  }

  #grow(memory: NativeMemory): void {
    const count = this.#nextSlabBlocks();
    const start = (alignment - (memory.address % alignment)) % alignment;
    const first = this.#blocks;
    this.#slabs.push({
      memory,
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

  #require(block: number, wanted: number): Slab {
    const slab = this.#slabOf(block);
    const found = slab.owners[block - slab.first];
    if (found === wanted) return slab;
    const whose = ['nobody’s', 'ours', 'the kernel’s'];
    throw new Error(`ledger: block ${block} is ${whose[found ?? 0]}, not ${whose[wanted]}`);
  }

  #fill(memory: NativeMemory, at: number, byteLength: number, word: number): void {
    for (let offset = 0; offset < byteLength; offset += 4) memory.writeU32(at + offset, word);
  }

  #checkGuard(slab: Slab, block: number): void {
    const at = this.#offset(slab, block) + this.#guardOffset;
    for (let word = 0; word < 4; word += 1) {
      if (slab.memory.readU32(at + 4 * word) === guardWord) continue;
      throw new Error(`ledger: somebody wrote behind block ${block}`);
    }
  }
}
