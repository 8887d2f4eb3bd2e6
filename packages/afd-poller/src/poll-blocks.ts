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

/** Every block starts at a multiple of this: the size of a cache line. */
const alignment = 64;
/** How many successive loans of a block have different generations. */
const generationCount = 64;
/** ApcContext = block × 256 + generation × 4 + kind × 2 + 1: the last bit is always set. */
const contextsPerBlock = 4 * generationCount;

/** The first slab has as many blocks as fit into this size, but at most 64. */
const firstSlabBytes = 8_192;
const largestSlabBlocks = 4_096;
const guardWord = 0xfdfd_fdfd;
const freedWord = 0xdddd_dddd;

/** Who owns a block. Only the owner may write to it. */
const owner = { none: 0, us: 1, kernel: 2 } as const;
/** For messages: what a block of each owner is. */
const ownerNames = ['free', 'owned by the poller', 'lent to the kernel'];

/** One allocation. It never moves, and it is freed as a whole. */
interface Slab {
  readonly memory: NativeMemory;
  /** Offset of its first block in the memory. */
  readonly start: number;
  /** The number of its first block, counted over all slabs, and how many blocks it has. */
  readonly first: number;
  readonly count: number;
}

/** How many blocks there are, by owner. */
export interface BlockCounts {
  /** Blocks that no request uses. */
  readonly free: number;
  /** Blocks of requests that are being prepared, or are complete and not yet reported. */
  readonly ours: number;
  /** Blocks that the kernel may write to: their packet was not removed yet. */
  readonly kernelOwned: number;
  /** Native memory of all slabs, in bytes. */
  readonly bytes: number;
}

/**
 * Blocks that the kernel writes to, in slabs that never move, and a ledger of the owner of each
 * block.
 *
 *     none ── acquire ──▶ us ── lend ──▶ kernel
 *      ▲                  │ ▲               │
 *      └───── release ────┘ └── takeBack ───┘
 *
 * The poller writes and releases only blocks that it owns. A loan to the kernel begins just before
 * NtDeviceIoControlFile. It ends when the poller has removed the packet from the port, or when the
 * call failed or completed without a packet.
 *
 * The ApcContext of a loan consists of the block's number and the loan's generation. A block
 * cannot have two packets on the port, because a loan ends only with its own packet; a generation
 * may therefore repeat after 64 loans. The generation rejects packets that other code posts. An
 * ApcContext is odd: it is never null and never the address of an OVERLAPPED of other code on the
 * same port. It is small: V8 stores numbers below 2^31 without an allocation, but would allocate
 * 16 bytes for each sum of an address and a generation.
 */
export class PollBlocks {
  /**
   * Size of an IO_STATUS_BLOCK, an AFD_POLL_INFO for `handlesPerBlock` sockets and 16 guard bytes,
   * rounded up to the alignment.
   */
  readonly blockBytes: number;
  readonly #kernel: Kernel;
  readonly #guardOffset: number;
  /**
   * These arrays have an item per block: its slab, its addresses, its owner, and the generation of
   * its last loan.
   */
  readonly #slabs: Slab[] = [];
  readonly #addresses = new BoxedNumbers();
  readonly #infoAddresses = new BoxedNumbers();
  readonly #owners: number[] = [];
  readonly #generations: number[] = [];
  readonly #free = new Queue<number>();
  #kernelOwned = 0;
  /** Native memory of all slabs, in bytes. */
  #bytes = 0;

  /**
   * 0 or 1. Two ledgers on one port have different kinds, so that the ApcContext names the ledger.
   */
  readonly kind: 0 | 1;

  /** @param handlesPerBlock the largest number of sockets in one request. */
  constructor(kernel: Kernel, handlesPerBlock = 1, kind: 0 | 1 = 0) {
    this.#kernel = kernel;
    this.kind = kind;
    this.#guardOffset = pollBlockBytes(handlesPerBlock);
    this.blockBytes = Math.ceil((this.#guardOffset + guardBytes) / alignment) * alignment;
  }

  /** Takes a free block. @returns its number; -1 when no native memory is left. */
  acquire(): number {
    if (this.#free.length === 0 && !this.#grow()) return -1;
    const block = this.#free.pop();
    this.#owners[block] = owner.us;
    if (DEBUG) this.#fill(block, this.#guardOffset, guardBytes, guardWord);
    return block;
  }

  /**
   * Returns one of our blocks to the free ones.
   *
   * @throws {Error} for a block that the kernel owns, because the kernel would still write to it.
   */
  release(block: number): void {
    this.#require(block, owner.us);
    this.#owners[block] = owner.none;
    if (DEBUG) this.#fill(block, 0, this.blockBytes, freedWord);
    this.#free.push(block);
  }

  /** Writes one socket of the request and its requested events into one of our blocks. */
  setHandle(block: number, index: number, handle: HANDLE, mask: number): void {
    this.#require(block, owner.us);
    writePollHandle(this.#memory(block), this.#offset(block), index, handle, mask);
  }

  /**
   * Lends one of our blocks to the kernel. The very next call must be the request.
   *
   * @param handles how many sockets were written into it.
   * @returns the ApcContext for the request.
   */
  lend(block: number, handles: number): number {
    this.#require(block, owner.us);
    const [memory, at] = [this.#memory(block), this.#offset(block)];
    // The header is written for each loan, as in mio and wepoll, because the last poll wrote its
    // output into the block.
    writePollHeader(memory, at);
    writePoll(memory, at, handles);
    this.#owners[block] = owner.kernel;
    this.#kernelOwned += 1;
    this.#generations[block] = ((this.#generations[block] as number) + 1) % generationCount;
    return this.context(block);
  }

  /** The ApcContext of a block's loan. For a block that is not lent: that of its last loan. */
  context(block: number): number {
    const generation = this.#generations[block] as number;
    return block * contextsPerBlock + 4 * generation + 2 * this.kind + 1;
  }

  /**
   * Ends a loan, after the packet was removed or the call failed or completed without a packet.
   * The block is ours again.
   */
  takeBack(block: number): void {
    this.#require(block, owner.kernel);
    this.#owners[block] = owner.us;
    this.#kernelOwned -= 1;
    if (DEBUG) this.#checkGuard(block);
  }

  /**
   * Finds the block that a packet belongs to. The block must be lent, the generation must be that
   * of the loan, and the block's Status, which is read here for the first time, must not be
   * STATUS_PENDING.
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

  /** The address of a block, which is that of its IO_STATUS_BLOCK. */
  address(block: number): number {
    return this.#addresses.at(block);
  }

  /** The address of a block's AFD_POLL_INFO. */
  infoAddress(block: number): number {
    return this.#infoAddresses.at(block);
  }

  /** The final status of a block's poll; STATUS_PENDING until the poll is complete. */
  status(block: number): NTSTATUS {
    return pollStatus(this.#memory(block), this.#offset(block));
  }

  /** How many sockets a complete poll reports; 0 unless its Status is a success. */
  reported(block: number): number {
    return reportedHandles(this.#memory(block), this.#offset(block));
  }

  /**
   * The handle of a reported socket. The output lists only sockets that have something to report.
   */
  handle(block: number, index: number): HANDLE {
    return reportedHandle(this.#memory(block), this.#offset(block), index);
  }

  /** The AFD_POLL_* bits of a reported socket. */
  events(block: number, index: number): number {
    return reportedEvents(this.#memory(block), this.#offset(block), index);
  }

  /** Why the connect of a reported socket failed. */
  cause(block: number, index: number): NTSTATUS {
    return reportedCause(this.#memory(block), this.#offset(block), index);
  }

  get counts(): BlockCounts {
    const free = this.#free.length;
    const kernelOwned = this.#kernelOwned;
    const ours = this.#owners.length - free - kernelOwned;
    return { free, ours, kernelOwned, bytes: this.#bytes };
  }

  /**
   * Frees all memory, except slabs with a block that the kernel owns: these stay allocated for
   * good.
   *
   * @returns how many blocks the kernel still owns.
   */
  close(): number {
    for (const { memory, first, count } of new Set(this.#slabs)) {
      if (!this.#owners.slice(first, first + count).includes(owner.kernel)) memory.free();
    }
    const kernelOwned = this.#kernelOwned;
    this.#slabs.length = 0;
    this.#bytes = 0;
    this.#addresses.clear();
    this.#infoAddresses.clear();
    this.#free.clear();
    // The kernel owns the remaining blocks.
    this.#owners.length = 0;
    for (let block = 0; block < kernelOwned; block += 1) this.#owners.push(owner.kernel);
    return kernelOwned;
  }

  /** Checks the ledger's counters. @throws {Error} naming the first inconsistency. */
  verify(): void {
    const { free, ours, kernelOwned } = this.counts;
    const counted = [0, 0, 0];
    for (let block = 0; block < this.#owners.length; block += 1) {
      const found = this.#owners[block] as number;
      counted[found] = (counted[found] as number) + 1;
      if (DEBUG && found === owner.us) this.#checkGuard(block);
    }
    const recorded = [free, ours, kernelOwned];
    if (recorded.some((count, who) => count !== counted[who])) {
      const [by, but] = [recorded.join(', '), counted.join(', ')];
      throw new Error(`ledger: the counters of free, own and lent blocks are ${by}, not ${but}`);
    }
    const isListed = new Uint8Array(this.#owners.length);
    for (let index = 0; index < free; index += 1) {
      const block = this.#free.at(index);
      if (isListed[block] === 1) throw new Error(`ledger: block ${block} is listed as free twice`);
      isListed[block] = 1;
    }
  }

  #nextSlabBlocks(): number {
    const last = this.#slabs.at(-1);
    if (last !== undefined) return Math.min(largestSlabBlocks, 2 * last.count);
    return Math.min(64, Math.floor(firstSlabBytes / this.blockBytes));
  }

  /** @returns false when no native memory is left. */
  #grow(): boolean {
    const count = this.#nextSlabBlocks();
    let memory: NativeMemory;
    try {
      memory = this.#kernel.allocate(count * this.blockBytes + alignment);
    } catch (error) {
      // A stack overflow must not be reported as a lack of memory.
      if (error instanceof RangeError) throw error;
      return false;
    }
    const start = (alignment - (memory.address % alignment)) % alignment;
    const slab = { memory, start, first: this.#slabs.length, count };
    this.#bytes += memory.byteLength;
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
    const count = this.#owners.length;
    const [is, must] = [
      ownerNames[found ?? -1] ?? `not one of the ${count} blocks`,
      ownerNames[wanted],
    ];
    throw new Error(`ledger: block ${block} is ${is}, but the call needs a block that is ${must}`);
  }

  #fill(block: number, from: number, byteLength: number, word: number): void {
    const [memory, at] = [this.#memory(block), this.#offset(block) + from];
    for (let offset = 0; offset < byteLength; offset += 4) memory.writeU32(at + offset, word);
  }

  #checkGuard(block: number): void {
    const at = this.#offset(block) + this.#guardOffset;
    for (let word = 0; word < 4; word += 1) {
      if (this.#memory(block).readU32(at + 4 * word) === guardWord) continue;
      throw new Error(`ledger: the guard bytes behind block ${block} were overwritten`);
    }
  }
}
