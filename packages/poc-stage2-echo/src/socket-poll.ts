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
 * The poll of one socket: at most one request at a time, in one block that does not move.
 *
 *     idle ── arm ──▶ pending ── its packet is taken ──▶ idle
 *
 * While pending the block is the kernel's: nothing here writes to it, and it is not freed. A cancel
 * does not end that, it only makes the packet come soon. The block's address is the ApcContext, so
 * that is how a packet finds its way back.
 */
export class SocketPoll {
  readonly #base: HANDLE;
  readonly #memory = allocate(cancelOffset + IO_STATUS_BLOCK.layout.size);
  readonly #iosb = new IO_STATUS_BLOCK(this.#memory, 0);
  readonly #info = new AFD_POLL_INFO(this.#memory, infoOffset);
  #isPending = false;

  /** @param base the socket's own handle, already associated with the port. */
  constructor(base: HANDLE) {
    this.#base = base;
    this.#memory.fill(0);
  }

  /** What the packets of this poll carry. */
  get apcContext(): number {
    return this.#iosb.address;
  }

  /** True from {@link arm} until {@link takeBack}: the block is the kernel's. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /**
   * Submits a poll that completes once when one of the events is true; at once, if one is already. Also then the
   * answer is a packet.
   */
  arm(events: number): void {
    if (this.#isPending) throw new Error('A poll of this socket is pending: one at a time.');
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
      // Refused: no packet will come, and the block is still ours.
      this.#isPending = false;
      throw new NtStatusError('NtDeviceIoControlFile', status);
    }
  }

  /**
   * The packet was taken off the port: the block is ours again.
   *
   * @returns the events; 0 when the poll ended without one: cancelled, displaced or failed.
   */
  takeBack(): number {
    this.#isPending = false;
    // In this order. A poll that did not end well leaves the events of its request in place, as if
    // all of them had happened.
    if (!isNtSuccess(this.#iosb.Status)) return 0;
    if (this.#info.NumberOfHandles === 0) return 0;
    return this.#info.handle(0).Events;
  }

  /** Makes a pending poll end. Its packet still comes and is to be taken. */
  cancel(): void {
    if (!this.#isPending) return;
    const cancelIosb = this.#memory.address + cancelOffset;
    const status = NtCancelIoFileEx(this.#base, this.#iosb.address, cancelIosb);
    // Not found: it has ended already, and the packet is on the port.
    if (status !== STATUS_NOT_FOUND) requireNtSuccess('NtCancelIoFileEx', status);
  }

  /** Gives the block back. @throws {Error} while it is the kernel's; it then stays allocated. */
  free(): void {
    if (this.#isPending) throw new Error('A pending poll: the kernel will write to its block.');
    this.#memory.free();
  }
}
