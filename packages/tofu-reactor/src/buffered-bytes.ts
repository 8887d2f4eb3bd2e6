/** The bytes that wait to be sent on all connections of a reactor, and their limit. */
export class BufferedBytes {
  readonly limit: number;
  #bytes = 0;
  #isFull = false;
  /** Called when the limit is reached, and when it is not any more. */
  onChange: () => void = () => {};

  constructor(limit: number) {
    this.limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True from the limit on, until half of it was sent: servers do not accept meanwhile. */
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
