import { postPacket } from 'nt-afd';
import { type Kernel, ntKernel, showValue } from 'ntdllx';
import { PollerError } from './errors.js';
import { type Interest, packInterest, prepareInterest } from './interest.js';
import { packetKey, requirePost, requireWakeBits } from './packets.js';
import { SharedFlags } from './shared-flags.js';

/**
 * What the poller's thread sends to another thread, by `postMessage` or `workerData`. It owns no
 * resource.
 */
export interface RemoteData {
  /** The handle of the poller's port, in this process. */
  readonly port: number;
  /** Shared by the poller and its remotes: whether a wake is due, and whether it is closed. */
  readonly flags: SharedArrayBuffer;
}

/** Creates a remote for a poller on another kernel than that of this process. */
export let createRemote: (data: RemoteData, kernel: Kernel) => PollerRemote;

/**
 * Controls a poller from another thread, also while the poller waits: wakes it, posts packets,
 * changes and removes registrations. It owns no resource. The poller's port stays open while a
 * call of a remote uses it. After the poller is closed, every call returns false.
 *
 * @example
 * ```ts
 * import { workerData } from 'node:worker_threads';
 * import { PollerRemote } from 'afd-poller';
 *
 * // In a worker that got `poller.remoteData()` as its workerData.
 * const remote = new PollerRemote(workerData);
 * remote.wake(1);
 * remote.close();
 * ```
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
      throw new PollerError(
        'ERR_POLLER_ARGUMENT',
        `PollerRemote takes what remoteData() of a poller returned, got ${showValue(data)}.`,
      );
    }
    this.#flags = new SharedFlags(data.flags);
    this.#port = data.port;
  }

  /** True until the poller or this remote is closed. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#flags.isClosed;
  }

  /**
   * Wakes the poller's current wait, or else its next one. All wakes until the poller takes them
   * become one event, whose `value` has the bits of all of them.
   *
   * @param bits 0 to 2^32 - 1.
   * @returns false when the poller is closed; then the call did nothing.
   */
  wake(bits = 0): boolean {
    requireWakeBits(bits);
    return this.#use((port) => {
      this.#flags.wake(bits, () => postPacket(this.#kernel, port, packetKey.wake, 0, 0, 0));
    });
  }

  /**
   * Posts a packet of the caller. Each packet becomes one event; they keep their order.
   *
   * @param type 0 to 2^32 - 1. @param value 0 to 2^53 - 1.
   * @returns false when the poller is closed.
   */
  post(type: number, value = 0): boolean {
    requirePost(type, value);
    return this.#use((port) => postPacket(this.#kernel, port, packetKey.post, 0, type, value));
  }

  /**
   * Changes the interest of a registration. The change takes effect when the poller next takes
   * packets from its port.
   *
   * @param id what `add` returned. Nothing happens if that registration has been removed by then.
   * @returns false when the poller is closed.
   */
  modify(id: number, interest: Interest): boolean {
    const packed = packInterest(prepareInterest(interest));
    PollerRemote.#requireId(id);
    return this.#use((port) => postPacket(this.#kernel, port, packetKey.change, id, 0, packed));
  }

  /**
   * Removes a registration. The removal takes effect when the poller next takes packets from its
   * port; until then events of the socket may be delivered. The socket stays open: only the
   * poller's thread may close it.
   *
   * @param id as for {@link modify}.
   * @returns false when the poller is closed.
   */
  remove(id: number): boolean {
    PollerRemote.#requireId(id);
    return this.#use((port) => postPacket(this.#kernel, port, packetKey.remove, id, 0, 0));
  }

  /**
   * Makes every later call return false. Idempotent. A remote that is never closed leaks nothing.
   */
  close(): void {
    this.#isOpen = false;
  }

  /** Calls {@link close}, at the end of a `using` declaration. */
  [Symbol.dispose](): void {
    this.close();
  }

  static #requireId(id: number): void {
    if (Number.isSafeInteger(id) && id >= 1) return;
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      `The id of a registration must be the number that add returned, got ${showValue(id)}.`,
    );
  }

  /** Calls `post` while the port is kept open. @returns false when the poller is closed. */
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
