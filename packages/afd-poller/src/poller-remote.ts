import {
  type HANDLE,
  IO_COMPLETION_ALL_ACCESS,
  type Kernel,
  NtStatusError,
  ntKernel,
  STATUS_SUCCESS,
} from 'ntdllx';
import { PollerError } from './errors.js';
import { type Interest, readInterest } from './interest.js';
import { keys, type Post, packWant, requirePost, requireWakeBits, SharedFlags } from './signals.js';

/** What travels to another thread, by `postMessage` or `workerData`. */
export interface RemoteData {
  /** A second handle to the poller's port. Whoever makes a {@link PollerRemote} of this closes it. */
  readonly port: number;
  readonly flags: SharedArrayBuffer;
}

/** Makes a second handle to a port, for another thread to close. */
export function duplicatePort(kernel: Kernel, port: HANDLE): HANDLE {
  const memory = kernel.allocate(8);
  try {
    const self = kernel.NtCurrentProcess();
    const { address } = memory;
    const access = IO_COMPLETION_ALL_ACCESS;
    const status = kernel.NtDuplicateObject(self, port, self, address, access, 0, 0);
    if (status !== STATUS_SUCCESS) throw new NtStatusError('NtDuplicateObject', status);
    return memory.readPointer(0);
  } finally {
    memory.free();
  }
}

/**
 * A poller seen from another thread: wakes it, posts to it, changes its interests, while it waits.
 * Owns a handle of its own to the port: a packet that is late reaches a port without a reader, and
 * never somebody else's.
 */
export class PollerRemote {
  readonly #kernel: Kernel;
  readonly #flags: SharedFlags;
  #port: HANDLE | undefined;

  /** @param data from `AfdPoller.remoteData`, used by nobody else: its handle is ours from here. */
  constructor(data: RemoteData, kernel: Kernel = ntKernel) {
    if (!Number.isSafeInteger(data?.port) || !(data.flags instanceof SharedArrayBuffer)) {
      throw new PollerError('ERR_POLLER_ARGUMENT', 'A remote is made from remoteData of a poller.');
    }
    this.#kernel = kernel;
    this.#flags = new SharedFlags(data.flags);
    this.#port = data.port;
  }

  /** True while there is a poller to reach. */
  get isOpen(): boolean {
    return this.#port !== undefined && !this.#flags.isClosed;
  }

  /**
   * Wakes the poller's wait, or its next one. Wakes that come before it looks are one event, whose
   * `value` has the bits of all of them.
   *
   * @param bits 0 to 2^32 - 1.
   * @returns false when the poller is closed: nothing was done, and that is fine.
   */
  wake(bits = 0): boolean {
    requireWakeBits(bits);
    const post = this.#post();
    if (post === undefined) return false;
    this.#flags.wake(bits, post);
    return true;
  }

  /**
   * Posts a packet of one's own; each is one event, in order.
   *
   * @param type 0 to 2^32 - 1. @param value 0 to 2^53 - 1.
   * @returns false when the poller is closed.
   */
  post(type: number, value = 0): boolean {
    requirePost(type, value);
    const post = this.#post();
    post?.(keys.post, 0, type, value);
    return post !== undefined;
  }

  /**
   * Changes the interest of a registration; it counts from when the poller looks at its port.
   *
   * @param id what `add` returned. One that is over by then is passed over.
   * @returns false when the poller is closed.
   */
  modify(id: number, interest: Interest): boolean {
    const want = readInterest(interest);
    if (!Number.isSafeInteger(id) || id < 1) {
      throw new PollerError('ERR_POLLER_ARGUMENT', 'An id is what add returned.');
    }
    const post = this.#post();
    post?.(keys.change, id, 0, packWant(want));
    return post !== undefined;
  }

  /** Closes this thread's handle. Idempotent. */
  close(): void {
    if (this.#port !== undefined) this.#kernel.NtClose(this.#port);
    this.#port = undefined;
  }

  /** Undefined where nobody would read it. */
  #post(): Post | undefined {
    const port = this.#port;
    if (port === undefined || this.#flags.isClosed) return undefined;
    return (key, apcContext, status, information) => {
      const { NtSetIoCompletion } = this.#kernel;
      const result = NtSetIoCompletion(port, key, apcContext, status, information);
      if (result !== STATUS_SUCCESS) throw new NtStatusError('NtSetIoCompletion', result);
    };
  }
}
