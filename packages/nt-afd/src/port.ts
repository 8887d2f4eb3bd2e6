import {
  FILE_COMPLETION_INFORMATION,
  FILE_IO_COMPLETION_INFORMATION,
  FileCompletionInformation,
  FileIoCompletionNotificationInformation,
  type HANDLE,
  IO_COMPLETION_ALL_ACCESS,
  type Kernel,
  type NativeMemory,
  type NTSTATUS,
  NtStatusError,
  STATUS_SUCCESS,
  STATUS_TIMEOUT,
} from 'ntdllx';
import { BoxedNumbers } from './boxed-numbers.js';

/** How many packets one {@link CompletionPort.take} removes at the most. */
export const largestTake = 64;

const entryBytes = FILE_IO_COMPLETION_INFORMATION.layout.size;
const { KeyContext, ApcContext, IoStatusBlock } = FILE_IO_COMPLETION_INFORMATION.layout.fields;
const { Port, Key } = FILE_COMPLETION_INFORMATION.layout.fields;
const removedOffset = largestTake * entryBytes;
const timeoutOffset = removedOffset + 8;
const iosbOffset = removedOffset + 16;

/** How many bytes a {@link CompletionPort} needs. */
export const portMemoryBytes = removedOffset + 48;

/** The places in the memory whose addresses are passed to every take, by their index. */
const place = { packets: 0, removed: 1, timeout: 2, scratch: 3 } as const;
const placeOffsets = [0, removedOffset, timeoutOffset, iosbOffset];

/** Longer than any program runs: 2^53 ticks of 100 ns are 28 years. */
const longestMs = Math.floor(Number.MAX_SAFE_INTEGER / 10_000);
const twoTo32 = 0x1_0000_0000;

/** Posts a packet of one's own; another thread may do so, too. @throws {NtStatusError} */
export function postPacket(
  kernel: Kernel,
  port: HANDLE,
  key: number,
  apcContext: number,
  status: NTSTATUS,
  information: number,
): void {
  const result = kernel.NtSetIoCompletion(port, key, apcContext, status, information);
  if (result !== STATUS_SUCCESS) throw new NtStatusError('NtSetIoCompletion', result);
}

/**
 * Has requests on a file complete on a port, for the file's life. The key comes with each packet.
 *
 * @param at where `scratch` has 32 bytes for the call, which does not keep their address.
 * @returns STATUS_INVALID_PARAMETER when the file has a port already.
 */
export function setCompletionPort(
  kernel: Kernel,
  file: HANDLE,
  port: HANDLE,
  key: number,
  scratch: NativeMemory,
  at: number,
): NTSTATUS {
  scratch.writePointer(at + 16 + Port[0], Number(port));
  scratch.writePointer(at + 16 + Key[0], key);
  const [iosb, information] = [scratch.address + at, scratch.address + at + 16];
  const { size } = FILE_COMPLETION_INFORMATION.layout;
  return kernel.NtSetInformationFile(file, iosb, information, size, FileCompletionInformation);
}

/**
 * Sets FILE_SKIP_* flags of a file. They cannot be taken back; 0 only asks whether it is a file.
 *
 * @param at as for {@link setCompletionPort}.
 */
export function setNotificationModes(
  kernel: Kernel,
  file: HANDLE,
  flags: number,
  scratch: NativeMemory,
  at: number,
): NTSTATUS {
  scratch.writeU32(at + 16, flags);
  const [iosb, information] = [scratch.address + at, scratch.address + at + 16];
  const informationClass = FileIoCompletionNotificationInformation;
  return kernel.NtSetInformationFile(file, iosb, information, 4, informationClass);
}

/** One I/O completion port, and the packets that were removed from it last. One thread takes. */
export class CompletionPort {
  readonly #kernel: Kernel;
  readonly #memory: NativeMemory;
  readonly #addresses = new BoxedNumbers();
  readonly handle: HANDLE;
  #next = 0;
  #taken = 0;

  /**
   * @param memory {@link portMemoryBytes} or more: the caller's, and in use until {@link close}.
   * @throws {NtStatusError} when NT refuses; nothing is left then.
   */
  constructor(kernel: Kernel, memory: NativeMemory) {
    this.#kernel = kernel;
    this.#memory = memory;
    const { address } = memory;
    const status = kernel.NtCreateIoCompletion(address, IO_COMPLETION_ALL_ACCESS, 0, 0);
    if (status !== STATUS_SUCCESS) throw new NtStatusError('NtCreateIoCompletion', status);
    this.handle = memory.readPointer(0);
    for (const offset of placeOffsets) this.#addresses.push(address + offset);
  }

  /** As {@link setCompletionPort}. */
  associate(file: HANDLE, key: number): NTSTATUS {
    return setCompletionPort(this.#kernel, file, this.handle, key, this.#memory, iosbOffset);
  }

  /** As {@link setNotificationModes}. */
  setNotificationModes(file: HANDLE, flags: number): NTSTATUS {
    return setNotificationModes(this.#kernel, file, flags, this.#memory, iosbOffset);
  }

  /**
   * Removes packets. Blocks this thread until there is one or the time is over.
   *
   * @param timeoutMs 0 only looks; Infinity waits for ever; fractions are rounded up to 100 ns.
   * @returns how many there are for {@link next}. Packets that were not read since the last take are
   *   kept, and then no more are removed.
   * @throws {NtStatusError}
   */
  take(timeoutMs: number): number {
    if (this.#next < this.#taken) return this.#taken - this.#next;
    const addresses = this.#addresses;
    const isEndless = timeoutMs > longestMs;
    if (!isEndless) this.#writeRelativeTimeout(timeoutMs);
    const status = this.#kernel.NtRemoveIoCompletionEx(
      this.handle,
      addresses.at(place.packets),
      largestTake,
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

  key(index: number): number {
    return this.#memory.readPointer(index * entryBytes + KeyContext[0]);
  }

  apcContext(index: number): number {
    return this.#memory.readPointer(index * entryBytes + ApcContext[0]);
  }

  status(index: number): NTSTATUS {
    return this.#memory.readU32(index * entryBytes + IoStatusBlock[0]);
  }

  information(index: number): number {
    return this.#memory.readPointer(index * entryBytes + IoStatusBlock[0] + 8);
  }

  /** Sixteen bytes for a call that does not keep their address. */
  get scratchAddress(): number {
    return this.#addresses.at(place.scratch);
  }

  /** Closes the port. No thread may be waiting on it. The memory stays the caller's. */
  close(): void {
    this.#kernel.NtClose(this.handle);
  }

  /**
   * A LARGE_INTEGER below zero: from now, in 100 ns, rounded up. In halves with a sign, which V8 does
   * not box; nor is a bigint made per take.
   */
  #writeRelativeTimeout(timeoutMs: number): void {
    const ticks = Math.ceil(timeoutMs * 10_000);
    const low = ticks % twoTo32;
    const high = Math.floor(ticks / twoTo32);
    this.#memory.writeI32(timeoutOffset, -low | 0);
    this.#memory.writeI32(timeoutOffset + 4, low === 0 ? -high : -high - 1);
  }
}
