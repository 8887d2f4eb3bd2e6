import {
  allocate,
  FILE_IO_COMPLETION_INFORMATION,
  type HANDLE,
  IO_COMPLETION_ALL_ACCESS,
  LARGE_INTEGER,
  NtClose,
  NtCreateIoCompletion,
  NtRemoveIoCompletionEx,
  NtSetIoCompletion,
  NtStatusError,
  type PointerSized,
  relativeTimeout100ns,
  requireNtSuccess,
  STATUS_SUCCESS,
  STATUS_TIMEOUT,
} from 'ntdllx';
import { CreateIoCompletionPort, lastWin32Error } from 'ntdllx/kernel32';

/** The maximum number of packets that one wait takes. */
export const batchSize = 64;

const entryBytes = FILE_IO_COMPLETION_INFORMATION.layout.size;
const removedOffset = batchSize * entryBytes;
const timeoutOffset = removedOffset + 8;

/**
 * The completion port of a stage, on which the polls of all its sockets complete, and the memory
 * into which the kernel writes packets. Stages 0 and 1 show these calls one by one. A program
 * would use nt-afd's `CompletionPort`, which takes packets without allocating.
 */
export class StagePort {
  readonly #handle: HANDLE;
  readonly #memory = allocate(timeoutOffset + 8);
  readonly #timeout = new LARGE_INTEGER(this.#memory, timeoutOffset);

  constructor() {
    const status = NtCreateIoCompletion(this.#memory.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
    if (status !== STATUS_SUCCESS) this.#memory.free();
    requireNtSuccess('NtCreateIoCompletion', status);
    this.#handle = Number(this.#memory.readU64(0));
  }

  /**
   * Associates a handle with this port: its polls post their packets here until the handle is
   * closed.
   */
  associate(base: HANDLE): void {
    if (CreateIoCompletionPort(base, this.#handle, 0, 0) === 0) {
      throw lastWin32Error('CreateIoCompletionPort');
    }
  }

  /**
   * Waits for packets; blocks this thread.
   *
   * @param timeoutMs the time-out; 0: does not block.
   * @returns the ApcContext of each packet, in order; empty after a time-out. The other fields of
   *   a packet repeat the contents of its request's block.
   */
  remove(timeoutMs: number): number[] {
    const { address } = this.#memory;
    this.#timeout.QuadPart = relativeTimeout100ns(timeoutMs);
    const status = NtRemoveIoCompletionEx(
      this.#handle,
      address,
      batchSize,
      address + removedOffset,
      this.#timeout.address,
      0,
    );
    // STATUS_TIMEOUT is a success code, but no packet was removed. The count is unspecified.
    if (status === STATUS_TIMEOUT) return [];
    if (status !== STATUS_SUCCESS) throw new NtStatusError('NtRemoveIoCompletionEx', status);
    const count = this.#memory.readU32(removedOffset);
    return Array.from({ length: count }, (_, index) => {
      const entry = new FILE_IO_COMPLETION_INFORMATION(this.#memory, index * entryBytes);
      return Number(entry.ApcContext);
    });
  }

  /** Posts a packet without a request, with status 0 and Information 0. */
  post(apcContext: PointerSized): void {
    const status = NtSetIoCompletion(this.#handle, 0, apcContext, STATUS_SUCCESS, 0);
    requireNtSuccess('NtSetIoCompletion', status);
  }

  /** Closes the port. No thread may be waiting on it. */
  close(): void {
    NtClose(this.#handle);
    this.#memory.free();
  }
}
