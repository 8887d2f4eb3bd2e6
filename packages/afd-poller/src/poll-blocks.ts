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
/** How many loans of a block have different numbers. */
const generationCount = 64;
/** ApcContext = block × 256 + generation × 4 + kind × 2 + 1: the last bit is always set. */
const contextsPerBlock = 4 * generationCount;

/** As many blocks as fit are in the first slab, 64 at the most. */
const firstSlabBytes = 8_192;
const largestSlabBlocks = 4_096;
const guardWord = 0xfdfd_fdfd;
const freedWord = 0xdddd_dddd;

/** Who may write to a block. */
const owner = { none: 0, us: 1, kernel: 2 } as const;

/** One allocation. It does not move, and is freed as a whole. */
interface Slab {
  readonly memory: NativeMemory;
  /** Where its first block is in the memory. */
  readonly start: number;
  /** The number of its first block, over all slabs, and how many it has. */
  readonly first: number;
  readonly count: number;
}

/** How many blocks there are, by owner. */
export interface BlockCounts {
  readonly free: number;
  readonly ours: number;
  readonly kernelOwned: number;
  /** Native memory of all slabs. */
  readonly bytes: number;
}

/**
 * Blocks that the kernel writes to, in slabs that do not move, and the ledger of who owns which.
 *
 *     none ── acquire ──▶ us ── lend ──▶ kernel
 *        ▲                  │ ▲               │
 *        └───── release ────┘ └── takeBack ───┘
 *
 * Only a block of ours is written or released. The kernel's are lent from just before
 * NtDeviceIoControlFile until the packet was removed from the port, or the call was refused or
 * completed without a packet.
 *
 * The ApcContext of a loan is made of the block's number and the generation of the loan. A packet of an
 * earlier loan finds nothing: not because the generation never comes again, it does after 64 loans, but
 * because a loan ends only with its own packet. The generation is for packets that others make. It is odd, so it is never null, and never the address of an
 * OVERLAPPED of other code on the same port. And it is small: V8 has numbers below 2^31 in place,
 * but would make an object of 16 bytes for each address plus generation.
 */
export class PollBlocks {
  /** An IO_STATUS_BLOCK, an AFD_POLL_INFO for so many sockets, and 16 guard bytes; rounded up. */
  readonly blockBytes: number;
  readonly #kernel: Kernel;
  readonly #guardOffset: number;
  /** By block: its slab, its addresses, who owns it, and the generation of its last loan. */
  readonly #slabs: Slab[] = [];
  readonly #addresses = new BoxedNumbers();
  readonly #infoAddresses = new BoxedNumbers();
  readonly #owners: number[] = [];
  readonly #generations: number[] = [];
  readonly #free = new Queue<number>();
  #kernelOwned = 0;

  /** 0 or 1: it separates the packets of ledgers of different kinds on one port. */
  readonly kind: 0 | 1;

  /** @param handlesPerBlock how many sockets one request may be about. */
  constructor(kernel: Kernel, handlesPerBlock = 1, kind: 0 | 1 = 0) {
    this.#kernel = kernel;
    this.kind = kind;
    this.#guardOffset = pollBlockBytes(handlesPerBlock);
    this.blockBytes = Math.ceil((this.#guardOffset + guardBytes) / alignment) * alignment;
  }

  /** Takes a block for ourselves. @returns its number; -1 when there is no native memory left. */
  acquire(): number {
    if (this.#free.length === 0 && !this.#grow()) return -1;
    const block = this.#free.pop();
    this.#owners[block] = owner.us;
    if (DEBUG) this.#fill(block, this.#guardOffset, guardBytes, guardWord);
    return block;
  }

  /** Gives a block of ours back. @throws {Error} for the kernel's: it would be written to later. */
  release(block: number): void {
    this.#require(block, owner.us);
    this.#owners[block] = owner.none;
    if (DEBUG) this.#fill(block, 0, this.blockBytes, freedWord);
    this.#free.push(block);
  }

  /** Writes which socket a block of ours is to ask about, and for what. */
  setHandle(block: number, index: number, handle: HANDLE, mask: number): void {
    this.#require(block, owner.us);
    writePollHandle(this.#memory(block), this.#offset(block), index, handle, mask);
  }

  /**
   * Lends a block of ours to the kernel: the very next call is to be the request.
   *
   * @param handles how many sockets were written into it.
   * @returns what the request's ApcContext is to be.
   */
  lend(block: number, handles: number): number {
    this.#require(block, owner.us);
    const [memory, at] = [this.#memory(block), this.#offset(block)];
    // Anew each time, as mio and wepoll do: the block was the output of the last poll, too.
    writePollHeader(memory, at);
    writePoll(memory, at, handles);
    this.#owners[block] = owner.kernel;
    this.#kernelOwned += 1;
    this.#generations[block] = ((this.#generations[block] as number) + 1) % generationCount;
    return this.context(block);
  }

  /** The ApcContext of the loan of a block; of the last one, when it is not lent. */
  context(block: number): number {
    const generation = this.#generations[block] as number;
    return block * contextsPerBlock + 4 * generation + 2 * this.kind + 1;
  }

  /**
   * Ends a loan: the packet was removed, the call was refused, or it completed without a packet. The
   * block is ours again.
   */
  takeBack(block: number): void {
    this.#require(block, owner.kernel);
    this.#owners[block] = owner.us;
    this.#kernelOwned -= 1;
    if (DEBUG) this.#checkGuard(block);
  }

  /**
   * The block that a packet belongs to: it is lent, the loan is this one, and its Status, which is read
   * here for the first time, says that the poll is complete.
   *
   * @returns -1 for an unknown packet: posted by other code, or of an earlier loan.
   */
  findCompleted(apcContext: number): number {
    const block = Math.floor(apcContext / contextsPerBlock);
    const rest = apcContext % contextsPerBlock;
    const generation = (rest - 2 * this.kind - 1) / 4;
    const isLent = this.#owners[block] === owner.kernel;
    if (!isLent || this.#generations[block] !== generation) return -1;
    return this.status(block) === STATUS_PENDING ? -1 : block;
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
    return pollStatus(this.#memory(block), this.#offset(block));
  }

  /** How many sockets a complete poll reports; none unless its Status is a success. */
  reported(block: number): number {
    return reportedHandles(this.#memory(block), this.#offset(block));
  }

  /** The handle of a reported socket. The output is compacted. */
  handle(block: number, index: number): HANDLE {
    return reportedHandle(this.#memory(block), this.#offset(block), index);
  }

  /** Its AFD_POLL_* bits. */
  events(block: number, index: number): number {
    return reportedEvents(this.#memory(block), this.#offset(block), index);
  }

  /** Why its connect failed. */
  cause(block: number, index: number): NTSTATUS {
    return reportedCause(this.#memory(block), this.#offset(block), index);
  }

  get counts(): BlockCounts {
    const free = this.#free.length;
    let bytes = 0;
    for (const { memory } of new Set(this.#slabs)) bytes += memory.byteLength;
    const kernelOwned = this.#kernelOwned;
    return { free, ours: this.#owners.length - free - kernelOwned, kernelOwned, bytes };
  }

  /**
   * Gives all memory back, except slabs that hold a block of the kernel's: these stay for good.
   *
   * @returns how many blocks the kernel still holds.
   */
  close(): number {
    for (const { memory, first, count } of new Set(this.#slabs)) {
      if (!this.#owners.slice(first, first + count).includes(owner.kernel)) memory.free();
    }
    const kernelOwned = this.#kernelOwned;
    this.#slabs.length = 0;
    this.#addresses.clear();
    this.#infoAddresses.clear();
    this.#free.clear();
    // What is left is the kernel's.
    this.#owners.length = 0;
    for (let block = 0; block < kernelOwned; block += 1) this.#owners.push(owner.kernel);
    return kernelOwned;
  }

  /** Compares the ledger's counters with what they count. @throws {Error} naming the first lie. */
  verify(): void {
    const counted = [0, 0, 0];
    for (const each of this.#owners) counted[each] = (counted[each] as number) + 1;
    const { free, ours, kernelOwned } = this.counts;
    const said = [free, ours, kernelOwned];
    if (said.join() !== counted.join()) throw new Error(`ledger: ${said} said, ${counted} counted`);
    const different = new Set(Array.from({ length: free }, (_, index) => this.#free.at(index)));
    if (different.size !== free) throw new Error('ledger: a block is free twice');
    for (let block = 0; DEBUG && block < this.#owners.length; block += 1) {
      if (this.#owners[block] === owner.us) this.#checkGuard(block);
    }
  }

  #nextSlabBlocks(): number {
    const last = this.#slabs.at(-1);
    if (last !== undefined) return Math.min(largestSlabBlocks, 2 * last.count);
    return Math.min(64, Math.floor(firstSlabBytes / this.blockBytes));
  }

  /** @returns false when there is no native memory left. */
  #grow(): boolean {
    const count = this.#nextSlabBlocks();
    let memory: NativeMemory;
    try {
      memory = this.#kernel.allocate(count * this.blockBytes + alignment);
    } catch (error) {
      // No stack is no lack of memory.
      if (error instanceof RangeError) throw error;
      return false;
    }
    const start = (alignment - (memory.address % alignment)) % alignment;
    const slab = { memory, start, first: this.#slabs.length, count };
    for (let index = 0; index < count; index += 1) {
      const address = memory.address + start + index * this.blockBytes;
      this.#slabs.push(slab);
      this.#addresses.push(address);
      this.#infoAddresses.push(address + pollInfoOffset);
      this.#owners.push(owner.none);
      this.#generations.push(0);
    }
    for (let index = count - 1; index >= 0; index -= 1) this.#free.push(slab.first + index);
    return true;
  }

  #memory(block: number): NativeMemory {
    return (this.#slabs[block] as Slab).memory;
  }

  #offset(block: number): number {
    const { start, first } = this.#slabs[block] as Slab;
    return start + (block - first) * this.blockBytes;
  }

  #require(block: number, wanted: number): void {
    const found = this.#owners[block];
    if (found === wanted) return;
    if (found === undefined) throw new Error(`ledger: there is no block ${block}`);
    const whose = ['free', 'ours', 'the kernel’s'];
    throw new Error(`ledger: block ${block} is ${whose[found]}, not ${whose[wanted]}`);
  }

  #fill(block: number, from: number, byteLength: number, word: number): void {
    const [memory, at] = [this.#memory(block), this.#offset(block) + from];
    for (let offset = 0; offset < byteLength; offset += 4) memory.writeU32(at + offset, word);
  }

  #checkGuard(block: number): void {
    const at = this.#offset(block) + this.#guardOffset;
    for (let word = 0; word < 4; word += 1) {
      if (this.#memory(block).readU32(at + 4 * word) === guardWord) continue;
      throw new Error(`ledger: bytes behind block ${block} were overwritten`);
    }
  }
}
