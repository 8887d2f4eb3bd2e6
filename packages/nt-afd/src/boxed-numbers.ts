/**
 * A cache of boxed numbers, such as addresses, by index.
 *
 * V8 stores a number of 2^31 or more as a heap object, and makes a new one whenever a computed one is
 * passed to a function that it does not inline, as those of the kernel. A field or an array that has
 * only held such numbers stores them unboxed, so that each read boxes again. An array that has also
 * held something else stores the boxes: they are made once.
 */
export class BoxedNumbers {
  readonly #items: (number | undefined)[] = [undefined];

  get length(): number {
    return this.#items.length - 1;
  }

  push(value: number): void {
    this.#items.push(value);
  }

  /** @param index 0 to `length - 1`. */
  at(index: number): number {
    return this.#items[index + 1] as number;
  }

  clear(): void {
    this.#items.length = 1;
  }
}
