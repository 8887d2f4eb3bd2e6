import { type Kernel, type NTSTATUS, STATUS_TIMEOUT } from 'ntdllx';

/** What the application's thread sends to the I/O thread. It owns no resource. */
export interface ShareData {
  /** The handle of the port, in this process. */
  readonly port: number;
  /**
   * Address of sixteen bytes of native memory, which the application's thread owns: a time-out,
   * and eight bytes of scratch.
   */
  readonly memory: number;
  readonly cells: SharedArrayBuffer;
}

/** The size of {@link ShareData.memory}. */
export const threadMemoryBytes = 16;
const scratchOffset = 8;
/**
 * The time-out of one call, in milliseconds. It is short, so that the thread can be ended between
 * two calls.
 */
export const sliceMs = 1_000;

/**
 * The states of the thread. In `declaring` it must not be terminated, because koffi would then end
 * the process.
 */
const life = { starting: 0, declaring: 1, running: 2, over: 3 } as const;
/** The thread that may remove packets from the port. */
const holder = { application: 0, thread: 1 } as const;
/** The cells: 32 bits each. */
const cell = { life: 0, isEnding: 1, holder: 2, status: 3, most: 4 } as const;
/** After the cells, as doubles: the address for the packets, and the address for their number. */
const addressesOffset = 24;
const addresses = { packets: 0, removed: 1 } as const;

/** The size of the memory that both threads share, in bytes. */
export const sharedBytes = addressesOffset + 16;

/**
 * State that the application's thread and its I/O thread share: which of the two may remove
 * packets, and where the packets are written. While the I/O thread is the holder, it writes the
 * packets directly into the memory of the application's port. It returns that memory by changing
 * the holder cell. So there is only one writer at a time, and no packet is copied.
 *
 *     application ──lend──▶ thread: blocks in NtRemoveIoCompletionEx ──packets, a message──▶ application
 */
export class ThreadShare {
  readonly data: ShareData;
  readonly #cells: Int32Array;
  readonly #addresses: Float64Array;

  constructor(data: ShareData) {
    this.data = data;
    this.#cells = new Int32Array(data.cells, 0, 6);
    this.#addresses = new Float64Array(data.cells, addressesOffset);
  }

  /** True while the I/O thread may remove packets. */
  get isLent(): boolean {
    return Atomics.load(this.#cells, cell.holder) === holder.thread;
  }

  get isEnding(): boolean {
    return Atomics.load(this.#cells, cell.isEnding) !== 0;
  }

  /**
   * Called by the application's thread: lets the I/O thread remove packets.
   *
   * @param most how many at once.
   */
  lend(packets: number, removed: number, most: number): void {
    this.#addresses[addresses.packets] = packets;
    this.#addresses[addresses.removed] = removed;
    Atomics.store(this.#cells, cell.most, most);
    Atomics.store(this.#cells, cell.holder, holder.thread);
    Atomics.notify(this.#cells, cell.holder);
  }

  /**
   * The status of the I/O thread's last take, as an unsigned number; valid while it is not lent.
   */
  get status(): NTSTATUS {
    return Atomics.load(this.#cells, cell.status) >>> 0;
  }

  /**
   * Called by the application's thread: ends the I/O thread. A thread that has not begun yet never
   * begins.
   * @returns true if the thread may block in the kernel; a packet ends that wait.
   */
  end(): boolean {
    const cells = this.#cells;
    Atomics.store(cells, cell.isEnding, 1);
    if (Atomics.compareExchange(cells, cell.life, life.starting, life.over) === life.starting) {
      return false;
    }
    Atomics.notify(cells, cell.holder);
    return true;
  }

  /** Blocks until the I/O thread makes no more calls, or the time is over. */
  waitForEnd(limitMs: number): void {
    const cells = this.#cells;
    const endMs = performance.now() + limitMs;
    for (;;) {
      const now = Atomics.load(cells, cell.life);
      const leftMs = endMs - performance.now();
      if (now === life.over || leftMs <= 0) return;
      Atomics.wait(cells, cell.life, now, leftMs);
    }
  }

  /** Called by the I/O thread at its start. @returns false if it was ended before. */
  begin(): boolean {
    const { starting, declaring } = life;
    return Atomics.compareExchange(this.#cells, cell.life, starting, declaring) === starting;
  }

  /**
   * Called by the I/O thread: makes its first kernel call, at which ntdllx declares all functions.
   */
  declare(kernel: Kernel): void {
    const { port, memory } = this.data;
    kernel.NtQueryIoCompletion(port, 0, memory + scratchOffset, 4, 0);
    Atomics.store(this.#cells, cell.life, life.running);
    Atomics.notify(this.#cells, cell.life);
  }

  /** Called by the I/O thread: blocks until it is the holder. @returns false if it has to end. */
  waitForLoan(): boolean {
    while (!this.isEnding) {
      if (this.isLent) return true;
      Atomics.wait(this.#cells, cell.holder, holder.application, sliceMs);
    }
    return false;
  }

  /**
   * Called by the I/O thread: removes packets and passes them to the application's thread. Blocks.
   * @returns false if it has to end.
   */
  take(kernel: Kernel): boolean {
    const { port, memory } = this.data;
    const packets = this.#addresses[addresses.packets] as number;
    const removed = this.#addresses[addresses.removed] as number;
    const most = Atomics.load(this.#cells, cell.most);
    let status: NTSTATUS = STATUS_TIMEOUT;
    while (status === STATUS_TIMEOUT && !this.isEnding) {
      status = kernel.NtRemoveIoCompletionEx(port, packets, most, removed, memory, 0);
    }
    Atomics.store(this.#cells, cell.status, status | 0);
    Atomics.store(this.#cells, cell.holder, holder.application);
    return status !== STATUS_TIMEOUT;
  }

  /** Called by the I/O thread: it makes no kernel calls after this. */
  finish(): void {
    Atomics.store(this.#cells, cell.life, life.over);
    Atomics.notify(this.#cells, cell.life);
  }
}
