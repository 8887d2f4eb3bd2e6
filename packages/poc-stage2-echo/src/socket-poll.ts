import {
  AFD_POLL_INFO,
  allocate,
  type HANDLE,
  INT64_MAX,
  IO_STATUS_BLOCK,
  IOCTL_AFD_POLL,
  isNtError,
  isNtSuccess,
  NtCancelIoFileEx,
  NtDeviceIoControlFile,
  NtStatusError,
  requireNtSuccess,
  STATUS_NOT_FOUND,
  STATUS_PENDING,
} from 'ntdllx';

const infoOffset = IO_STATUS_BLOCK.layout.size;
const infoBytes = AFD_POLL_INFO.byteLength(1);
const cancelOffset = infoOffset + infoBytes;

/**
 * The poll of one socket: at most one request at a time, in one block that never moves.
 *
 *     idle ── arm ──▶ pending ── its packet is taken ──▶ idle
 *
 * While the poll is pending, the kernel owns the block: this class does not write to it and does
 * not free it. A cancel does not change the owner; it only makes the packet arrive soon. The
 * ApcContext of the packet is the block's address, and identifies the poll.
 */
export class SocketPoll {
  readonly #base: HANDLE;
  readonly #memory = allocate(cancelOffset + IO_STATUS_BLOCK.layout.size);
  readonly #iosb = new IO_STATUS_BLOCK(this.#memory, 0);
  readonly #info = new AFD_POLL_INFO(this.#memory, infoOffset);
  #isPending = false;

  /** @param base the socket's own handle, which must be associated with the port. */
  constructor(base: HANDLE) {
    this.#base = base;
    this.#memory.fill(0);
  }

  /** The ApcContext of this poll's packets. */
  get apcContext(): number {
    return this.#iosb.address;
  }

  /** True from {@link arm} until {@link takeBack}, while the kernel owns the block. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /**
   * Submits a poll that completes once, when one of the events is true. If one is true already,
   * the poll completes at once, and a packet arrives, too.
   */
  arm(events: number): void {
    if (this.#isPending)
      throw new Error('A poll of this socket is pending: take its packet first.');
    this.#info.Timeout = INT64_MAX;
    this.#info.NumberOfHandles = 1;
    this.#info.Exclusive = 0;
    const socket = this.#info.handle(0);
    socket.Handle = BigInt(this.#base);
    socket.Events = events;
    socket.Status = 0;
    this.#iosb.Status = STATUS_PENDING;
    this.#isPending = true;
    const { address } = this.#info;
    const status = NtDeviceIoControlFile(
      this.#base,
      0,
      0,
      this.apcContext,
      this.#iosb.address,
      IOCTL_AFD_POLL,
      address,
      infoBytes,
      address,
      infoBytes,
    );
    if (isNtError(status)) {
      // NT refused: no packet will arrive, and the block is still ours.
      this.#isPending = false;
      throw new NtStatusError('NtDeviceIoControlFile', status);
    }
  }

  /**
   * Called after the packet was removed from the port: the block is ours again.
   *
   * @returns the events; 0 if the poll was cancelled, displaced by another one, or failed.
   */
  takeBack(): number {
    this.#isPending = false;
    // The Status is tested first. A poll that failed leaves the requested events in the block, and
    // they would look like reported ones.
    if (!isNtSuccess(this.#iosb.Status)) return 0;
    if (this.#info.NumberOfHandles === 0) return 0;
    return this.#info.handle(0).Events;
  }

  /** Cancels a pending poll. Its packet still arrives and must be removed. */
  cancel(): void {
    if (!this.#isPending) return;
    const cancelIosb = this.#memory.address + cancelOffset;
    const status = NtCancelIoFileEx(this.#base, this.#iosb.address, cancelIosb);
    // STATUS_NOT_FOUND: the poll is complete already, and its packet is on the port.
    if (status !== STATUS_NOT_FOUND) requireNtSuccess('NtCancelIoFileEx', status);
  }

  /** Frees the block. @throws {Error} while the kernel owns it; it then stays allocated. */
  free(): void {
    if (this.#isPending) {
      throw new Error(
        'A poll of this socket is pending: take its packet before you free the block.',
      );
    }
    this.#memory.free();
  }
}
