/** Where the flags are that all threads of one poller share. */
const flag = { isClosed: 0, wake: 1, wakeBits: 2, posters: 3 } as const;
/** The wake flag: no bits to be taken; some, and a packet for them; some, and NT refused the packet. */
const wake = { none: 0, posted: 1, refused: 2 } as const;

/** What a poller and its remotes in other threads share. */
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

  /** True from a wake until its bits are taken. */
  get isWakePending(): boolean {
    return Atomics.load(this.#flags, flag.wake) !== wake.none;
  }

  /**
   * Adds to the wake bits, and posts a packet unless one is on its way already. The bits come first:
   * whoever sees the flag sees them. When NT refuses the packet, `post` throws; the bits, and those of
   * other threads that relied on that packet, are reported by the next pass of a wait all the same, and
   * the next wake posts again.
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
   * Takes the bits of all wakes until now. The flag goes down before the bits are read: a wake in
   * between posts a packet of its own, and nothing is lost.
   */
  takeWake(): number {
    Atomics.store(this.#flags, flag.wake, wake.none);
    return Atomics.exchange(this.#flags, flag.wakeBits, 0) >>> 0;
  }

  /**
   * Another thread is about to use the port: it stays open until {@link leave}.
   *
   * @returns false when the poller is closed: then there is nothing to leave.
   */
  enter(): boolean {
    // Checked first, so that repeated calls do not keep a close waiting.
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

  /** From here on no thread enters. */
  close(): void {
    Atomics.store(this.#flags, flag.isClosed, 1);
  }

  /** Waits for those that entered. @returns false when one did not leave within the time. */
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
