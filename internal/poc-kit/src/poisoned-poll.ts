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

/** A status that the kernel never reports for a poll: it must be gone afterwards. */
export const poison = 0xdead_beef;

/**
 * The memory of one AFD_POLL over one socket: IO_STATUS_BLOCK and AFD_POLL_INFO in one block.
 *
 * The request itself already says `NumberOfHandles = 1` and the very bits that are hoped for. So
 * that nothing can look like success, the block is filled with what only the kernel can change:
 * a pending status, no information, and a poisoned `Handles[0].Status`.
 *
 * The block is ours until {@link handOver}, just before NtDeviceIoControlFile is called; then it is
 * the kernel's. It is ours again when the kernel wrote how the request ended and, where a packet is
 * due, that packet was taken off the port.
 */
export class PoisonedPoll {
  readonly iosb: IO_STATUS_BLOCK;
  readonly info: AFD_POLL_INFO;
  /** Whether a packet of the request is still to be taken off a port. */
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

  /** False once the kernel wrote how the request ended. */
  get isPending(): boolean {
    return this.iosb.Status === STATUS_PENDING;
  }

  /** Holds the block against what only the kernel leaves there, for exactly these events. */
  judge(proof: Proof, events: number): void {
    const socket = this.info.handle(0);
    const bytes = AFD_POLL_INFO.byteLength(1);
    const names = afdPollNames(events).map((name) => `AFD_POLL_${name}`);
    const isFine = 'STATUS_SUCCESS';
    proof.expect('IoStatusBlock.Status', hex(this.iosb.Status), '0x0', isFine);
    proof.expect('IoStatusBlock.Information', this.iosb.Information, bytes, 'bytes of the answer');
    proof.expect('NumberOfHandles', this.info.NumberOfHandles, 1, 'socket that is ready');
    proof.expect('Events returned', hex(socket.Events), hex(events), names.join(' | '));
    proof.expect('Handles[0].Status', hex(socket.Status), '0x0', isFine);
  }

  /** True when the kernel has no more business with the block. */
  get isOurs(): boolean {
    return !this.isPending && !this.isPacketDue;
  }

  /** The request is about to be made: from here on the block is the kernel's. */
  handOver(isPacketDue: boolean): void {
    this.iosb.Status = STATUS_PENDING;
    this.isPacketDue = isPacketDue;
  }

  /** The request was refused: there is none, and no packet will come. */
  takeBack(): void {
    this.iosb.Status = STATUS_CANCELLED;
    this.isPacketDue = false;
  }

  /**
   * Gives the memory back.
   *
   * @throws {Error} while the block is the kernel's; the memory then stays allocated.
   */
  free(): void {
    if (!this.isOurs) {
      throw new Error('The kernel did not let go of the request: its memory stays allocated.');
    }
    this.#memory.free();
  }
}
