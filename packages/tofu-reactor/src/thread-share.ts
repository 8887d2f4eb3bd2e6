import { type Kernel, type NTSTATUS, STATUS_TIMEOUT } from 'ntdllx';

/** What travels to the I/O thread. Holds no resource. */
export interface ShareData {
  /** The handle of the port, in this process. */
  readonly port: number;
  /** Sixteen bytes of native memory of the application's: a timeout, and eight bytes of scratch. */
  readonly memory: number;
  readonly cells: SharedArrayBuffer;
}

/** How many bytes {@link ShareData.memory} has. */
export const threadMemoryBytes = 16;
const scratchOffset = 8;
/** One call blocks no longer than this, so that a thread can be ended meanwhile; as a LARGE_INTEGER. */
export const sliceMs = 1_000;

/** The life of the thread. Only in `declaring` it must not be terminated: koffi then ends the process. */
const life = { starting: 0, declaring: 1, running: 2, over: 3 } as const;
/** Who may take packets off the port. */
const holder = { application: 0, thread: 1 } as const;
/** The cells: 32 bits each. */
const cell = { life: 0, isEnding: 1, holder: 2, status: 3, most: 4 } as const;
/** Behind them, as doubles: where the packets go, and how many they are. */
const addressesOffset = 24;
const addresses = { packets: 0, removed: 1 } as const;

/** How much memory both threads share. */
export const sharedBytes = addressesOffset + 16;

/**
 * What the application's thread and its I/O thread share: who of the two may take packets, and where
 * they go. The I/O thread takes while it is the holder, straight into the memory of the application's
 * port, and hands that memory over with the holder cell. So there is one writer at any time, and
 * nothing is copied.
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

  /** True while the I/O thread may take, or takes, packets. */
  get isLent(): boolean {
    return Atomics.load(this.#cells, cell.holder) === holder.thread;
  }

  get isEnding(): boolean {
    return Atomics.load(this.#cells, cell.isEnding) !== 0;
  }

  /** The application has the thread take packets. @param most how many at once. */
  lend(packets: number, removed: number, most: number): void {
    this.#addresses[addresses.packets] = packets;
    this.#addresses[addresses.removed] = removed;
    Atomics.store(this.#cells, cell.most, most);
    Atomics.store(this.#cells, cell.holder, holder.thread);
    Atomics.notify(this.#cells, cell.holder);
  }

  /** The status of the thread's last take, as an unsigned number; valid once it is not lent. */
  get status(): NTSTATUS {
    return Atomics.load(this.#cells, cell.status) >>> 0;
  }

  /**
   * The application ends the thread. One that has not begun never begins.
   * @returns true where it blocks in the kernel, perhaps: a packet ends that.
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

  /** Blocks until the thread makes no calls any more, or the time is over. */
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

  /** The thread begins. @returns false where it was ended before. */
  begin(): boolean {
    const { starting, declaring } = life;
    return Atomics.compareExchange(this.#cells, cell.life, starting, declaring) === starting;
  }

  /** The thread makes its first call, by which ntdllx declares all of them. */
  declare(kernel: Kernel): void {
    const { port, memory } = this.data;
    kernel.NtQueryIoCompletion(port, 0, memory + scratchOffset, 4, 0);
    Atomics.store(this.#cells, cell.life, life.running);
    Atomics.notify(this.#cells, cell.life);
  }

  /** Blocks the thread until it is the holder. @returns false where it is to end. */
  waitForLoan(): boolean {
    while (!this.isEnding) {
      if (this.isLent) return true;
      Atomics.wait(this.#cells, cell.holder, holder.application, sliceMs);
    }
    return false;
  }

  /** The thread takes packets, and hands them over. Blocks. @returns false where it is to end. */
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

  /** The thread makes no calls from here on. */
  finish(): void {
    Atomics.store(this.#cells, cell.life, life.over);
    Atomics.notify(this.#cells, cell.life);
  }
}
