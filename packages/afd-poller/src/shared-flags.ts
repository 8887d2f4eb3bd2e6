/** Where the flags are that all threads of one poller share. */
const flag = { isClosed: 0, isWakePending: 1, wakeBits: 2, posters: 3 } as const;

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
    return Atomics.load(this.#flags, flag.isWakePending) === 1;
  }

  /**
   * Adds to the wake bits, and posts a packet unless one is on its way already. The bits come first:
   * whoever sees the flag sees them. When NT refuses the packet, `post` throws; a wake of another
   * thread at that very moment then comes with the next one.
   */
  wake(bits: number, post: () => void): void {
    Atomics.or(this.#flags, flag.wakeBits, bits);
    if (Atomics.exchange(this.#flags, flag.isWakePending, 1) === 1) return;
    try {
      post();
    } catch (error) {
      Atomics.store(this.#flags, flag.isWakePending, 0);
      throw error;
    }
  }

  /**
   * Takes the bits of all wakes until now. The flag goes down before the bits are read: a wake in
   * between posts a packet of its own, and nothing is lost.
   */
  takeWake(): number {
    Atomics.store(this.#flags, flag.isWakePending, 0);
    return Atomics.exchange(this.#flags, flag.wakeBits, 0) >>> 0;
  }

  /**
   * Another thread is about to use the port: it stays open until {@link leave}.
   *
   * @returns false when the poller is closed: then there is nothing to leave.
   */
  enter(): boolean {
    Atomics.add(this.#flags, flag.posters, 1);
    if (!this.isClosed) return true;
    this.leave();
    return false;
  }

  leave(): void {
    const before = Atomics.sub(this.#flags, flag.posters, 1);
    if (before === 1 && this.isClosed) Atomics.notify(this.#flags, flag.posters);
  }

  /** From here on nobody enters. */
  close(): void {
    Atomics.store(this.#flags, flag.isClosed, 1);
  }

  /** Waits for those that entered. @returns false when one did not leave within the time. */
  waitForPosters(limitMs: number): boolean {
    for (;;) {
      const posters = Atomics.load(this.#flags, flag.posters);
      if (posters === 0) return true;
      if (Atomics.wait(this.#flags, flag.posters, posters, limitMs) === 'timed-out') return false;
    }
  }
}
