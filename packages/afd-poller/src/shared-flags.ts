/** Indexes of the flags that all threads of one poller share. */
const flag = { isClosed: 0, wake: 1, wakeBits: 2, posters: 3 } as const;
/**
 * States of the wake flag. `none`: there are no bits to take. `posted`: there are bits, and a
 * packet for them. `refused`: there are bits, but NT refused the packet.
 */
const wake = { none: 0, posted: 1, refused: 2 } as const;

/** Memory that a poller shares with its remotes in other threads. */
export class SharedFlags {
  readonly buffer: SharedArrayBuffer;
  readonly #flags: Int32Array;

  constructor(buffer = new SharedArrayBuffer(16)) {
    this.buffer = buffer;
    this.#flags = new Int32Array(buffer);
  }

  get isClosed(): boolean {
    return Atomics.load(this.#flags, flag.isClosed) === 1;
  }

  /** True from a wake until the poller has taken its bits. */
  get isWakePending(): boolean {
    return Atomics.load(this.#flags, flag.wake) !== wake.none;
  }

  /**
   * Adds to the wake bits, and posts a packet unless one is on its way already. The bits are
   * written before the flag, so that a thread that sees the flag also sees the bits. When NT
   * refuses the packet, `post` throws. The next pass of a wait still reports the bits, also those
   * of other threads that relied on this packet, and the next wake posts again.
   */
  wake(bits: number, post: () => void): void {
    Atomics.or(this.#flags, flag.wakeBits, bits);
    if (Atomics.exchange(this.#flags, flag.wake, wake.posted) === wake.posted) return;
    try {
      post();
    } catch (error) {
      Atomics.compareExchange(this.#flags, flag.wake, wake.posted, wake.refused);
      throw error;
    }
  }

  /**
   * Takes the bits of all wakes until now. The flag is cleared before the bits are read: a wake in
   * between posts its own packet, so that no wake is lost.
   */
  takeWake(): number {
    Atomics.store(this.#flags, flag.wake, wake.none);
    return Atomics.exchange(this.#flags, flag.wakeBits, 0) >>> 0;
  }

  /**
   * Announces that another thread is about to use the port. The port stays open until {@link
   * leave}.
   *
   * @returns false when the poller is closed; then `leave` must not be called.
   */
  enter(): boolean {
    // This test comes before the counter, so that a thread that calls repeatedly does not delay a
    // close.
    if (this.isClosed) return false;
    Atomics.add(this.#flags, flag.posters, 1);
    if (!this.isClosed) return true;
    this.leave();
    return false;
  }

  leave(): void {
    const before = Atomics.sub(this.#flags, flag.posters, 1);
    if (before === 1 && this.isClosed) Atomics.notify(this.#flags, flag.posters);
  }

  /** Makes every later {@link enter} return false. */
  close(): void {
    Atomics.store(this.#flags, flag.isClosed, 1);
  }

  /**
   * Waits until every thread that entered has left.
   *
   * @returns false when the time was over before.
   */
  waitForPosters(limitMs: number): boolean {
    const deadlineMs = performance.now() + limitMs;
    for (;;) {
      const posters = Atomics.load(this.#flags, flag.posters);
      if (posters === 0) return true;
      const leftMs = deadlineMs - performance.now();
      if (!(leftMs > 0)) return false;
      Atomics.wait(this.#flags, flag.posters, posters, leftMs);
    }
  }
}
