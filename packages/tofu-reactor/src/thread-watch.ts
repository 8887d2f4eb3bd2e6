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
  /** Resolves when it has ended; rejects with what ended it, unless it was asked to. */
  readonly ended: Promise<void>;
}

/** Starts one. @param onPackets called on the application's thread for each time it hands over. */
export type ThreadStarter = (data: ShareData, onPackets: () => void) => RunningThread;

/** How long the end of the process waits for the thread to leave its call. */
const exitLimitMs = 1_000;

/**
 * The kernel as a poller sees it whose packets an I/O thread takes: while that thread may take, the
 * poller finds nothing; what the thread took is what the poller takes next.
 *
 * Sockets stay on the kernel itself.
 */
export class ThreadGate {
  readonly kernel: Kernel;
  /** Once there is a thread. */
  share: ThreadShare | undefined;
  /** The thread handed over, and the poller did not take that yet. */
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

  /** Has the thread take packets, to where the poller takes them. */
  lend(): void {
    if (this.isFilled) return;
    this.isFilled = true;
    this.share?.lend(this.#packets, this.#removed, this.#most);
  }

  /** The thread has ended: what it took last is the poller's, if it took anything. */
  release(): void {
    const { share } = this;
    const hasTaken = share?.isLent === false && share.status !== STATUS_TIMEOUT;
    if (this.isFilled && hasTaken) return;
    this.isFilled = false;
    this.share = undefined;
  }
}

/**
 * Waits for packets in a thread of its own. The application's thread goes on with Node's event loop, and
 * hears of packets by a message.
 *
 * At the end of the process, and on close, the thread is asked to end and woken by a packet: a thread
 * that blocks in a foreign call is not terminated by Node, and koffi ends the process where a thread is
 * terminated while it declares functions.
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

  /** @param wake posts a packet to the port, which ends the thread's wait. */
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

  /** The process ends: the thread must not be in a call then. Blocks for as long as that takes. */
  abandon(): void {
    if (this.#isOver) return;
    this.#closed ??= Promise.resolve();
    this.#askToEnd();
    this.#share.waitForEnd(exitLimitMs);
  }

  async #close(): Promise<void> {
    // Until it has ended, it holds the process open.
    this.#thread.setRef(true);
    this.#askToEnd();
    await this.#thread.ended.catch(() => {});
    watches.delete(this);
    if (watches.size === 0) process.off('exit', abandonAll);
    this.#gate.release();
    this.#memory.free();
  }

  #askToEnd(): void {
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
      new ReactorError('ERR_REACTOR_THREAD', "This reactor's I/O thread has ended: close it.", {
        cause: error,
      }),
    );
  }
}

/** Those whose threads run. */
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
