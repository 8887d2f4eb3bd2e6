/** How many empty places at the front are worth moving the rest for. */
const largestGap = 1_024;

/**
 * A FIFO that is filled and emptied over and over without allocating: an array that is cut to length
 * 0, or emptied by pop, gives its memory back each time.
 */
export class Queue<T> {
  readonly #items: (T | undefined)[] = [];
  #head = 0;
  #tail = 0;

  get length(): number {
    return this.#tail - this.#head;
  }

  push(item: T): void {
    this.#items[this.#tail] = item;
    this.#tail += 1;
  }

  /** @param index 0 to `length - 1`. */
  at(index: number): T {
    return this.#items[this.#head + index] as T;
  }

  /** Takes the first one; there must be one. */
  shift(): T {
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#tail) {
      this.#head = 0;
      this.#tail = 0;
    } else if (this.#head > largestGap && this.#head > this.length) {
      this.#items.copyWithin(0, this.#head, this.#tail);
      this.#items.fill(undefined, this.length, this.#tail);
      this.#tail -= this.#head;
      this.#head = 0;
    }
    return item;
  }

  /** Takes the last one; there must be one. */
  pop(): T {
    this.#tail -= 1;
    const item = this.#items[this.#tail] as T;
    this.#items[this.#tail] = undefined;
    if (this.#head === this.#tail) this.clear();
    return item;
  }

  /** Drops every reference, and keeps the array. */
  clear(): void {
    // A loop is faster than fill for the few items that most queues have.
    for (let index = this.#head; index < this.#tail; index += 1) this.#items[index] = undefined;
    this.#head = 0;
    this.#tail = 0;
  }
}
