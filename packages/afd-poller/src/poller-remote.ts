import { postPacket } from 'nt-afd';
import { type Kernel, ntKernel } from 'ntdllx';
import { PollerError } from './errors.js';
import { type Interest, packInterest, prepareInterest } from './interest.js';
import { packetKey, requirePost, requireWakeBits } from './packets.js';
import { SharedFlags } from './shared-flags.js';

/** What travels to another thread, by `postMessage` or `workerData`. Holds no resource. */
export interface RemoteData {
  /** The handle of the poller's port, in this process. */
  readonly port: number;
  readonly flags: SharedArrayBuffer;
}

/** Makes a remote of a poller on another kernel than that of this process. */
export let createRemote: (data: RemoteData, kernel: Kernel) => PollerRemote;

/**
 * A poller seen from another thread: wakes it, posts to it, changes and removes registrations, also while
 * it waits. Owns nothing: the poller's port stays open while a call of a remote uses it, and a remote
 * that is late finds the poller closed.
 */
export class PollerRemote {
  #kernel = ntKernel;
  readonly #flags: SharedFlags;
  readonly #port: number;
  #isOpen = true;

  static {
    createRemote = (data, kernel) => {
      const remote = new PollerRemote(data);
      remote.#kernel = kernel;
      return remote;
    };
  }

  /** @param data from `AfdPoller.remoteData`. @throws {PollerError} `ERR_POLLER_ARGUMENT` */
  constructor(data: RemoteData) {
    if (!Number.isSafeInteger(data?.port) || !(data.flags instanceof SharedArrayBuffer)) {
      throw new PollerError('ERR_POLLER_ARGUMENT', 'A remote is made from remoteData of a poller.');
    }
    this.#flags = new SharedFlags(data.flags);
    this.#port = data.port;
  }

  /** True while there is a poller to reach. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#flags.isClosed;
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
    return this.#use((port) => {
      this.#flags.wake(bits, () => postPacket(this.#kernel, port, packetKey.wake, 0, 0, 0));
    });
  }

  /**
   * Posts a packet of one's own; each is one event, in order.
   *
   * @param type 0 to 2^32 - 1. @param value 0 to 2^53 - 1.
   * @returns false when the poller is closed.
   */
  post(type: number, value = 0): boolean {
    requirePost(type, value);
    return this.#use((port) => postPacket(this.#kernel, port, packetKey.post, 0, type, value));
  }

  /**
   * Changes the interest of a registration; it counts from when the poller looks at its port.
   *
   * @param id what `add` returned. One that is over by then is skipped.
   * @returns false when the poller is closed.
   */
  modify(id: number, interest: Interest): boolean {
    const packed = packInterest(prepareInterest(interest));
    PollerRemote.#requireId(id);
    return this.#use((port) => postPacket(this.#kernel, port, packetKey.change, id, 0, packed));
  }

  /**
   * Removes a registration; it counts from when the poller looks at its port: until then events of it
   * may be delivered. The socket stays open: only the poller's thread may close it.
   *
   * @param id as for {@link modify}.
   * @returns false when the poller is closed.
   */
  remove(id: number): boolean {
    PollerRemote.#requireId(id);
    return this.#use((port) => postPacket(this.#kernel, port, packetKey.remove, id, 0, 0));
  }

  /** Every later call returns false. Idempotent; a remote that is never closed leaks nothing. */
  close(): void {
    this.#isOpen = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  static #requireId(id: number): void {
    if (Number.isSafeInteger(id) && id >= 1) return;
    throw new PollerError('ERR_POLLER_ARGUMENT', 'An id is what add returned.');
  }

  /** Uses the port, which stays open meanwhile. @returns false where there is none any more. */
  #use(post: (port: number) => void): boolean {
    if (!this.#isOpen || !this.#flags.enter()) return false;
    try {
      post(this.#port);
    } finally {
      this.#flags.leave();
    }
    return true;
  }
}
