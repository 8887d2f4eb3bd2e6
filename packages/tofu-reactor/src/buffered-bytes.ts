/** Counts the unsent bytes of all connections of a reactor, and compares them with a limit. */
export class BufferedBytes {
  readonly limit: number;
  #bytes = 0;
  #isFull = false;
  /** Called when `isFull` changes. */
  onChange: () => void = () => {};

  constructor(limit: number) {
    this.limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Becomes true at the limit, and false below half of it. Servers do not accept while it is true.
   */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** @param difference may be negative. */
  add(difference: number): void {
    if (difference === 0) return;
    this.#bytes += difference;
    const isFull = this.#bytes >= (this.#isFull ? this.limit / 2 : this.limit);
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.onChange();
  }
}
