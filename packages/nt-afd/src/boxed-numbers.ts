/**
 * A cache of large numbers, such as addresses, by index. Reading one allocates nothing.
 *
 * V8 represents a number of 2^31 or more as a heap object, a box. It allocates a new box whenever
 * such a number is computed and passed to a function that V8 does not inline, such as a kernel
 * call. A field or an array that has only ever contained numbers stores them unboxed, so V8
 * allocates a box on each read. An array that has also contained another value stores the boxes
 * themselves. So this array begins with `undefined`, and each box is allocated once.
 */
export class BoxedNumbers {
  readonly #items: (number | undefined)[] = [undefined];

  /** How many numbers there are. */
  get length(): number {
    return this.#items.length - 1;
  }

  /** Appends a number, and allocates its box. */
  push(value: number): void {
    this.#items.push(value);
  }

  /** Returns a number, without allocating. @param index 0 to `length - 1`. */
  at(index: number): number {
    return this.#items[index + 1] as number;
  }

  /** Removes all numbers. */
  clear(): void {
    this.#items.length = 1;
  }
}
