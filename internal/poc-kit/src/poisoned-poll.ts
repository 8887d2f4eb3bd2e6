import {
  AFD_POLL_INFO,
  afdPollNames,
  allocate,
  type HANDLE,
  INT64_MAX,
  IO_STATUS_BLOCK,
  type NativeMemory,
  STATUS_CANCELLED,
  STATUS_PENDING,
} from 'ntdllx';
import { hex, type Proof } from './proof.js';

/** A status that the kernel never reports for a poll: the kernel must overwrite it. */
export const poison = 0xdead_beef;

/**
 * The memory of one AFD_POLL over one socket: IO_STATUS_BLOCK and AFD_POLL_INFO in one block.
 *
 * The request itself already contains `NumberOfHandles = 1` and the expected bits. So that
 * unchanged memory cannot look like success, the block is filled with values that only the kernel
 * can change: a pending status, no Information, and a poisoned `Handles[0].Status`.
 *
 * The block belongs to the program until {@link handOver}, just before NtDeviceIoControlFile is
 * called; then it belongs to the kernel. It belongs to the program again when the kernel has
 * written the completion and, if a packet is due, the packet was taken off the port.
 */
export class PoisonedPoll {
  readonly iosb: IO_STATUS_BLOCK;
  readonly info: AFD_POLL_INFO;
  /** Whether the request's packet has not been removed from the port yet. */
  isPacketDue = false;
  readonly #memory: NativeMemory;

  constructor(base: HANDLE, mask: number) {
    this.#memory = allocate(IO_STATUS_BLOCK.layout.size + AFD_POLL_INFO.byteLength(1));
    this.iosb = new IO_STATUS_BLOCK(this.#memory, 0);
    this.info = new AFD_POLL_INFO(this.#memory, IO_STATUS_BLOCK.layout.size);
    this.#memory.fill(0);
    this.iosb.Status = STATUS_CANCELLED;
    this.info.Timeout = INT64_MAX;
    this.info.NumberOfHandles = 1;
    this.info.Exclusive = 0;
    const socket = this.info.handle(0);
    socket.Handle = BigInt(base);
    socket.Events = mask;
    socket.Status = poison;
  }

  /** False once the kernel has written the completion. */
  get isPending(): boolean {
    return this.iosb.Status === STATUS_PENDING;
  }

  /**
   * Compares the block with the values that only the kernel leaves there, for exactly these
   * events.
   */
  judge(proof: Proof, events: number): void {
    const socket = this.info.handle(0);
    const bytes = AFD_POLL_INFO.byteLength(1);
    const names = afdPollNames(events).map((name) => `AFD_POLL_${name}`);
    const isFine = 'STATUS_SUCCESS';
    proof.expect('IoStatusBlock.Status', hex(this.iosb.Status), '0x0', isFine);
    proof.expect(
      'IoStatusBlock.Information',
      this.iosb.Information,
      bytes,
      'bytes that the kernel wrote',
    );
    proof.expect('NumberOfHandles', this.info.NumberOfHandles, 1, 'ready socket');
    proof.expect('Events returned', hex(socket.Events), hex(events), names.join(' | '));
    proof.expect('Handles[0].Status', hex(socket.Status), '0x0', isFine);
  }

  /** True if the kernel no longer uses the block. */
  get isOurs(): boolean {
    return !this.isPending && !this.isPacketDue;
  }

  /** Called just before the request is submitted: from here on the block belongs to the kernel. */
  handOver(isPacketDue: boolean): void {
    this.iosb.Status = STATUS_PENDING;
    this.isPacketDue = isPacketDue;
  }

  /** Called if the request was rejected: there is no request, and no packet will arrive. */
  takeBack(): void {
    this.iosb.Status = STATUS_CANCELLED;
    this.isPacketDue = false;
  }

  /**
   * Frees the memory.
   *
   * @throws {Error} while the block belongs to the kernel; the memory then stays allocated.
   */
  free(): void {
    if (!this.isOurs) {
      throw new Error(
        'The kernel has not completed the request, so its block of memory is not freed.',
      );
    }
    this.#memory.free();
  }
}
