import { Worker } from 'node:worker_threads';
import { type HANDLE, type Kernel, type NativeMemory, STATUS_TIMEOUT } from 'ntdllx';
import { reportUncaught } from './callback.js';
import { ReactorError } from './errors.js';
import type { PortWatch } from './port-watch.js';
import {
  type ShareData,
  sharedBytes,
  sliceMs,
  ThreadShare,
  threadMemoryBytes,
} from './thread-share.js';

/** A thread that runs `io-thread`. */
export interface RunningThread {
  setRef(isRef: boolean): void;
  /** Resolves when the thread has ended. Rejects if an error ended it. */
  readonly ended: Promise<void>;
}

/**
 * Starts a thread.
 *
 * @param onPackets called on the application's thread each time the I/O thread passes packets.
 */
export type ThreadStarter = (data: ShareData, onPackets: () => void) => RunningThread;

/** How long the end of the process waits until the thread has returned from its kernel call. */
const exitLimitMs = 1_000;

/**
 * A kernel for a poller whose packets an I/O thread removes. While that thread may remove packets,
 * the poller's calls return no packet. Afterwards the poller's next call returns the packets that
 * the thread has removed.
 *
 * Sockets use the original kernel.
 */
export class ThreadGate {
  readonly kernel: Kernel;
  /** Set when the thread is started. */
  share: ThreadShare | undefined;
  /** True from {@link lend} until the poller has taken the packets of that loan. */
  isFilled = false;
  #packets = 0;
  #removed = 0;
  #most = 0;

  constructor(kernel: Kernel) {
    this.kernel = {
      ...kernel,
      NtRemoveIoCompletionEx: (port, packets, most, removed, timeout, isAlertable) => {
        const { share } = this;
        if (share?.isLent === true) return STATUS_TIMEOUT;
        this.#packets = Number(packets);
        this.#removed = Number(removed);
        this.#most = most;
        if (share === undefined || !this.isFilled) {
          return kernel.NtRemoveIoCompletionEx(port, packets, most, removed, timeout, isAlertable);
        }
        this.isFilled = false;
        return share.status;
      },
    };
  }

  /**
   * Lets the thread remove packets, and write them to the memory where the poller expects them.
   */
  lend(): void {
    if (this.isFilled) return;
    this.isFilled = true;
    this.share?.lend(this.#packets, this.#removed, this.#most);
  }

  /**
   * Called after the thread has ended. If the thread removed packets last, the poller's next call
   * still returns them.
   */
  release(): void {
    const { share } = this;
    const hasTaken = share?.isLent === false && share.status !== STATUS_TIMEOUT;
    if (this.isFilled && hasTaken) return;
    this.isFilled = false;
    this.share = undefined;
  }
}

/**
 * Waits for packets in a separate I/O thread. The application's thread runs Node's event loop
 * meanwhile; a message notifies it of packets.
 *
 * On close, and at the end of the process, the watch asks the thread to end and wakes it by a
 * packet. It does not terminate the thread, for two reasons: Node cannot terminate a thread that
 * blocks in a foreign call, and koffi ends the process if a thread is terminated while it declares
 * functions.
 */
export class ThreadWatch implements PortWatch {
  readonly #gate: ThreadGate;
  readonly #share: ThreadShare;
  readonly #memory: NativeMemory;
  readonly #thread: RunningThread;
  readonly #onPacket: () => void;
  readonly #wake: () => void;
  #isOver = false;
  #closed: Promise<void> | undefined;
  isArmed = false;

  /** @param wake posts a packet to the port to end the thread's wait. */
  constructor(
    gate: ThreadGate,
    kernel: Kernel,
    port: HANDLE,
    onPacket: () => void,
    wake: () => void,
    start: ThreadStarter = startWorker,
  ) {
    this.#gate = gate;
    this.#onPacket = onPacket;
    this.#wake = wake;
    this.#memory = kernel.allocate(threadMemoryBytes);
    this.#memory.writeI64(0, BigInt(-sliceMs * 10_000));
    const cells = new SharedArrayBuffer(sharedBytes);
    const { address } = this.#memory;
    this.#share = new ThreadShare({ port: Number(port), memory: address, cells });
    gate.share = this.#share;
    try {
      this.#thread = start(this.#share.data, () => this.#received());
    } catch (error) {
      this.#memory.free();
      throw error;
    }
    this.#thread.setRef(false);
    this.#thread.ended.then(
      () => this.#ended(),
      (error: unknown) => this.#ended(error),
    );
    if (watches.size === 0) process.on('exit', abandonAll);
    watches.add(this);
  }

  arm(): void {
    if (this.isArmed || this.#closed !== undefined) return;
    this.isArmed = true;
    this.#gate.lend();
  }

  setRef(isRef: boolean): void {
    if (this.#closed === undefined) this.#thread.setRef(isRef);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /**
   * Called at the end of the process, when the thread must not be in a kernel call. Blocks until
   * it has returned, or for {@link exitLimitMs}.
   */
  abandon(): void {
    if (this.#isOver) return;
    this.#closed ??= Promise.resolve();
    this.#requestEnd();
    this.#share.waitForEnd(exitLimitMs);
  }

  async #close(): Promise<void> {
    // The thread keeps the process alive until it has ended.
    this.#thread.setRef(true);
    this.#requestEnd();
    await this.#thread.ended.catch(() => {});
    watches.delete(this);
    if (watches.size === 0) process.off('exit', abandonAll);
    this.#gate.release();
    this.#memory.free();
  }

  #requestEnd(): void {
    if (this.#share.end()) this.#wake();
  }

  #received(): void {
    if (this.#closed !== undefined || !this.isArmed) return;
    this.isArmed = false;
    this.#onPacket();
  }

  #ended(error?: unknown): void {
    this.#isOver = true;
    if (this.#closed !== undefined) return;
    reportUncaught(
      new ReactorError(
        'ERR_REACTOR_THREAD',
        'The I/O thread of this reactor has ended unexpectedly, and the reactor serves nothing any ' +
          'more: close it, and create another one.',
        { cause: error },
      ),
    );
  }
}

/** The watches whose threads are running. */
const watches = new Set<ThreadWatch>();

function abandonAll(): void {
  for (const watch of watches) watch.abandon();
}

function startWorker(workerData: ShareData, onPackets: () => void): RunningThread {
  const worker = new Worker(new URL('./io-thread.js', import.meta.url), { workerData });
  worker.on('message', onPackets);
  return {
    setRef(isRef) {
      if (isRef) worker.ref();
      else worker.unref();
    },
    ended: new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', () => resolve());
    }),
  };
}
