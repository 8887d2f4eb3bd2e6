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

/** The maximum number of packets that one {@link CompletionPort.take} removes. */
export const largestTake = 64;

const entryBytes = FILE_IO_COMPLETION_INFORMATION.layout.size;
const { KeyContext, ApcContext, IoStatusBlock } = FILE_IO_COMPLETION_INFORMATION.layout.fields;
const { Port, Key } = FILE_COMPLETION_INFORMATION.layout.fields;
const removedOffset = largestTake * entryBytes;
const timeoutOffset = removedOffset + 8;
const iosbOffset = removedOffset + 16;

/** How many bytes a {@link CompletionPort} needs. */
export const portMemoryBytes = removedOffset + 48;

/** The areas of the memory whose addresses are passed to NT: their index in the address cache. */
const place = { packets: 0, removed: 1, timeout: 2, scratch: 3 } as const;
const placeOffsets = [0, removedOffset, timeoutOffset, iosbOffset];

/** A longer time-out counts as none: 2^53 ticks of 100 ns are 28 years. */
const longestMs = Math.floor(Number.MAX_SAFE_INTEGER / 10_000);
const twoTo32 = 0x1_0000_0000;

/** Posts a packet to a port. Any thread may call it. @throws {NtStatusError} */
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
 * Associates a file with a port for the file's life: the kernel posts the packets of the file's
 * requests to that port. Each packet has the key.
 *
 * @param at the offset of 32 bytes in `scratch`; used only during this call.
 * @returns STATUS_SUCCESS; STATUS_INVALID_PARAMETER when the file already has a port.
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
 * Sets FILE_SKIP_* flags of a file. A flag cannot be reset. With 0 the call sets no flag; the
 * returned status then only shows whether the handle is a file's.
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

/** An I/O completion port, and the packets that the last take removed. For one thread. */
export class CompletionPort {
  readonly #kernel: Kernel;
  readonly #memory: NativeMemory;
  readonly #addresses = new BoxedNumbers();
  /** The handle of the port. This object owns it: {@link close} closes it. */
  readonly handle: HANDLE;
  #next = 0;
  #taken = 0;

  /**
   * @param memory {@link portMemoryBytes} or more. The caller owns it and keeps it until {@link
   *   close}.
   * @throws {NtStatusError} when NT creates no port.
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

  /**
   * Associates a file with this port for the file's life. Each packet of the file's requests has
   * the key.
   *
   * @returns STATUS_SUCCESS; STATUS_INVALID_PARAMETER when the file already has a port.
   */
  associate(file: HANDLE, key: number): NTSTATUS {
    return setCompletionPort(this.#kernel, file, this.handle, key, this.#memory, iosbOffset);
  }

  /**
   * Sets FILE_SKIP_* flags of a file. A flag cannot be reset. With 0 the call sets no flag; the
   * returned status then only shows whether the handle is a file's.
   */
  setNotificationModes(file: HANDLE, flags: number): NTSTATUS {
    return setNotificationModes(this.#kernel, file, flags, this.#memory, iosbOffset);
  }

  /**
   * Removes packets. Blocks this thread until there is a packet or the time-out expires. If {@link
   * next} has not yet returned all packets of the previous take, only returns how many remain.
   *
   * @param timeoutMs 0 does not wait; Infinity waits for ever; fractions are rounded up to 100 ns.
   * @returns how many packets {@link next} will return.
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
    // A success code, but no packet was removed. The count is not valid then.
    if (status === STATUS_TIMEOUT) return 0;
    if (status !== STATUS_SUCCESS) throw new NtStatusError('NtRemoveIoCompletionEx', status);
    this.#next = 0;
    this.#taken = this.#memory.readU32(removedOffset);
    return this.#taken;
  }

  /** The index of the next packet of the last take; -1 when there are no more. */
  next(): number {
    if (this.#next === this.#taken) return -1;
    this.#next += 1;
    return this.#next - 1;
  }

  /** The KeyContext of a packet: the key with which the file was associated. */
  key(index: number): number {
    return this.#memory.readPointer(index * entryBytes + KeyContext[0]);
  }

  /** The ApcContext of a packet: the value that the program gave with the request. */
  apcContext(index: number): number {
    return this.#memory.readPointer(index * entryBytes + ApcContext[0]);
  }

  /** The Status of the packet's request. */
  status(index: number): NTSTATUS {
    return this.#memory.readU32(index * entryBytes + IoStatusBlock[0]);
  }

  /** The Information of the packet's request: for a poll the bytes of its output. */
  information(index: number): number {
    return this.#memory.readPointer(index * entryBytes + IoStatusBlock[0] + 8);
  }

  /** The address of 16 bytes, for a call that uses them only until it returns. */
  get scratchAddress(): number {
    return this.#addresses.at(place.scratch);
  }

  /** Closes the port. No thread may be waiting on it. The caller still owns the memory. */
  close(): void {
    this.#kernel.NtClose(this.handle);
  }

  /**
   * Writes a relative time-out: a negative LARGE_INTEGER in units of 100 ns, rounded up. It is
   * written as two signed 32-bit halves, because V8 allocates neither for these; a bigint would be
   * allocated on each take.
   */
  #writeRelativeTimeout(timeoutMs: number): void {
    const ticks = Math.ceil(timeoutMs * 10_000);
    const low = ticks % twoTo32;
    const high = Math.floor(ticks / twoTo32);
    this.#memory.writeI32(timeoutOffset, -low | 0);
    this.#memory.writeI32(timeoutOffset + 4, low === 0 ? -high : -high - 1);
  }
}
