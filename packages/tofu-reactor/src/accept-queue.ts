/** The largest number of connections that are queued for `for await`. */
const capacity = 64;

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T>) => void;
}

/**
 * Queues accepted connections for `for await`. Only one loop at a time may iterate; a later loop
 * continues.
 */
export class AcceptQueue<T> implements AsyncIterableIterator<T> {
  readonly #onRoom: () => void;
  #items: T[] = [];
  #waiters: Waiter<T>[] = [];
  #isOpen = false;
  #isClosed = false;

  /** @param onRoom called after an item was removed. */
  constructor(onRoom: () => void) {
    this.#onRoom = onRoom;
  }

  /**
   * True if another item may be added: a loop iterates over the queue, and the queue is not full.
   */
  get hasRoom(): boolean {
    return this.#isOpen && this.#items.length < capacity;
  }

  open(): void {
    if (!this.#isClosed) this.#isOpen = true;
  }

  push(item: T): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#items.push(item);
    else waiter.resolve({ done: false, value: item });
  }

  next(): Promise<IteratorResult<T>> {
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#onRoom();
      return Promise.resolve({ done: false, value: item });
    }
    if (this.#isClosed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiters.push({ resolve }));
  }

  /**
   * JavaScript calls this when a `for await` loop ends by break, return or throw. No item is added
   * until the next loop begins.
   */
  return(): Promise<IteratorResult<T>> {
    this.#isOpen = false;
    this.#onRoom();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the iteration. @returns the items that are still queued. */
  close(): T[] {
    this.#isClosed = true;
    this.#isOpen = false;
    for (const { resolve } of this.#waiters.splice(0)) resolve({ done: true, value: undefined });
    return this.#items.splice(0);
  }
}
