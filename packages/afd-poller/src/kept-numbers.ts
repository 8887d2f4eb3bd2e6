/**
 * Numbers that are handed over again and again, such as addresses, each by its index.
 *
 * V8 has a number of 2^31 or more in an object of its own, and makes a new one whenever a calculated
 * one is handed to a function that it does not inline, as those of the kernel. A field or an array
 * that has held nothing but such numbers keeps them bare, so that each look at it makes an object,
 * too. An array that has also held something else keeps the objects: they are made once.
 */
export class KeptNumbers {
  readonly #items: (number | undefined)[] = [undefined];

  /** How many there are. */
  get length(): number {
    return this.#items.length - 1;
  }

  push(value: number): void {
    this.#items.push(value);
  }

  /** The number at an index, 0 to `length - 1`. */
  at(index: number): number {
    return this.#items[index + 1] as number;
  }

  clear(): void {
    this.#items.length = 1;
  }
}
