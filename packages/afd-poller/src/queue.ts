/** With more empty slots than this at the front, the items are moved to the start. */
const largestGap = 1_024;

/**
 * A FIFO that can be filled and emptied again and again without an allocation. A plain array would
 * free its memory each time it is cut to length 0 or emptied by pop.
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

  /** Removes the first item. The queue must not be empty. */
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

  /** Removes the last item. The queue must not be empty. */
  pop(): T {
    this.#tail -= 1;
    const item = this.#items[this.#tail] as T;
    this.#items[this.#tail] = undefined;
    if (this.#head === this.#tail) this.clear();
    return item;
  }

  /** Drops every reference but keeps the array's memory. */
  clear(): void {
    // A loop is faster than fill for the few items that most queues have.
    for (let index = this.#head; index < this.#tail; index += 1) this.#items[index] = undefined;
    this.#head = 0;
    this.#tail = 0;
  }
}
