import {
  FILE_COMPLETION_INFORMATION,
  FILE_IO_COMPLETION_INFORMATION,
  FileCompletionInformation,
  type HANDLE,
  IO_COMPLETION_ALL_ACCESS,
  type Kernel,
  type NativeMemory,
  type NTSTATUS,
  NtStatusError,
  STATUS_SUCCESS,
  STATUS_TIMEOUT,
} from 'ntdllx';
import { KeptNumbers } from './kept-numbers.js';

/** How many packets one call takes at the most. */
export const batchSize = 64;

const entryBytes = FILE_IO_COMPLETION_INFORMATION.layout.size;
const { KeyContext, ApcContext, IoStatusBlock } = FILE_IO_COMPLETION_INFORMATION.layout.fields;
const { Port, Key } = FILE_COMPLETION_INFORMATION.layout.fields;
const scratchOffset = batchSize * entryBytes;
const removedOffset = scratchOffset;
const timeoutOffset = scratchOffset + 8;
const iosbOffset = scratchOffset + 16;
const informationOffset = scratchOffset + 32;
const memoryBytes = scratchOffset + 48;

/** The places in the memory whose addresses are handed to every wait, by their index. */
const place = { packets: 0, removed: 1, timeout: 2, scratch: 3 } as const;
const placeOffsets = [0, removedOffset, timeoutOffset, iosbOffset];

/** Longer than any program runs: 2^53 ticks of 100 ns are 28 years. */
const longestMs = Math.floor(Number.MAX_SAFE_INTEGER / 10_000);
const twoTo32 = 0x1_0000_0000;

/** One completion port, and the memory that its packets are read from. Owned by one poller. */
export class CompletionPort {
  readonly #kernel: Kernel;
  readonly #memory: NativeMemory;
  readonly #addresses = new KeptNumbers();
  readonly handle: HANDLE;
  #next = 0;
  #taken = 0;

  /** @throws {NtStatusError} when there is no port to be had; nothing is left then. */
  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#memory = kernel.allocate(memoryBytes);
    const { address } = this.#memory;
    const status = kernel.NtCreateIoCompletion(address, IO_COMPLETION_ALL_ACCESS, 0, 0);
    if (status !== STATUS_SUCCESS) {
      this.#memory.free();
      throw new NtStatusError('NtCreateIoCompletion', status);
    }
    this.handle = this.#memory.readPointer(0);
    for (const offset of placeOffsets) this.#addresses.push(address + offset);
  }

  /** Has requests on a file complete here, for the file's life. @returns STATUS_INVALID_PARAMETER when the file has a port already. */
  associate(file: HANDLE, key: number): NTSTATUS {
    const { address } = this.#memory;
    this.#memory.writePointer(informationOffset + Port[0], Number(this.handle));
    this.#memory.writePointer(informationOffset + Key[0], key);
    return this.#kernel.NtSetInformationFile(
      file,
      address + iosbOffset,
      address + informationOffset,
      FILE_COMPLETION_INFORMATION.layout.size,
      FileCompletionInformation,
    );
  }

  /** A flag of a file that is four bytes; see NtSetInformationFile. */
  setFlags(file: HANDLE, flags: number, informationClass: number): NTSTATUS {
    const { address } = this.#memory;
    this.#memory.writeU32(informationOffset, flags);
    const [iosb, information] = [address + iosbOffset, address + informationOffset];
    return this.#kernel.NtSetInformationFile(file, iosb, information, 4, informationClass);
  }

  /** Posts a packet. @throws {NtStatusError} when the system is out of memory. */
  post(key: number, apcContext: number, status: NTSTATUS, information: number): void {
    const { NtSetIoCompletion } = this.#kernel;
    const result = NtSetIoCompletion(this.handle, key, apcContext, status, information);
    if (result !== STATUS_SUCCESS) throw new NtStatusError('NtSetIoCompletion', result);
  }

  /**
   * Takes packets; blocks this thread until there is one or the time is over.
   *
   * @param timeoutMs 0 only looks; infinite waits for ever; fractions are rounded up to 100 ns.
   * @param most how many at the most, 1 to {@link batchSize}.
   * @returns how many were taken; {@link next} hands them out. Those that were not handed out since the
   *   last time are left, and no more are taken.
   */
  remove(timeoutMs: number, most: number): number {
    if (this.#next < this.#taken) return this.#taken - this.#next;
    const addresses = this.#addresses;
    const isEndless = timeoutMs > longestMs;
    if (!isEndless) this.#writeRelativeTimeout(timeoutMs);
    const status = this.#kernel.NtRemoveIoCompletionEx(
      this.handle,
      addresses.at(place.packets),
      most,
      addresses.at(place.removed),
      isEndless ? 0 : addresses.at(place.timeout),
      0,
    );
    // A success code: nothing was removed, whatever the count says.
    if (status === STATUS_TIMEOUT) return 0;
    if (status !== STATUS_SUCCESS) throw new NtStatusError('NtRemoveIoCompletionEx', status);
    this.#next = 0;
    this.#taken = this.#memory.readU32(removedOffset);
    return this.#taken;
  }

  /** The index of the next packet that was removed; -1 when there are no more. */
  next(): number {
    if (this.#next === this.#taken) return -1;
    this.#next += 1;
    return this.#next - 1;
  }

  /** The key of a packet that {@link remove} took. */
  key(index: number): number {
    return this.#memory.readPointer(index * entryBytes + KeyContext[0]);
  }

  /** The ApcContext of such a packet. */
  apcContext(index: number): number {
    return this.#memory.readPointer(index * entryBytes + ApcContext[0]);
  }

  /** The status of such a packet. */
  status(index: number): NTSTATUS {
    return this.#memory.readU32(index * entryBytes + IoStatusBlock[0]);
  }

  /** The Information of such a packet. */
  information(index: number): number {
    return this.#memory.readPointer(index * entryBytes + IoStatusBlock[0] + 8);
  }

  /** Sixteen bytes for a call that is finished with them when it returns. */
  get scratchAddress(): number {
    return this.#addresses.at(place.scratch);
  }

  /** Closes the port. Nobody may be waiting on it. */
  close(): void {
    this.#kernel.NtClose(this.handle);
    this.#memory.free();
  }

  /**
   * A LARGE_INTEGER below zero: from now, in 100 ns, rounded up. Halves with a sign, for V8 makes no
   * object of such a number; nor a bigint per wait.
   */
  #writeRelativeTimeout(timeoutMs: number): void {
    const ticks = Math.ceil(timeoutMs * 10_000);
    const low = ticks % twoTo32;
    const high = Math.floor(ticks / twoTo32);
    this.#memory.writeI32(timeoutOffset, -low | 0);
    this.#memory.writeI32(timeoutOffset + 4, low === 0 ? -high : -high - 1);
  }
}
