import type { KernelObject } from './objects.js';

/** The first handle value; NT's handle values are multiples of 4. */
const firstIndex = 0x40 / 4;

/** The handles of the simulated process. A closed handle's value is reused immediately. */
export class HandleTable {
  readonly #order: 'lowest' | 'last';
  readonly #objects: (KernelObject | undefined)[] = [];
  // The free values: a heap with the lowest value first, or a stack.
  readonly #free: number[] = [];
  #count = 0;

  constructor(order: 'lowest' | 'last') {
    this.#order = order;
  }

  /** The number of open handles. */
  get count(): number {
    return this.#count;
  }

  /** Opens a new handle to an object. */
  open(object: KernelObject): number {
    const index = this.#takeFree() ?? this.#objects.length;
    this.#objects[index] = object;
    object.handles += 1;
    this.#count += 1;
    return (index + firstIndex) * 4;
  }

  get(handle: number): KernelObject | undefined {
    // As in NT, the program may use the two lowest bits.
    return this.#objects[(handle >>> 2) - firstIndex];
  }

  /** Closes a handle and returns its object. */
  close(handle: number): KernelObject | undefined {
    const index = (handle >>> 2) - firstIndex;
    const object = this.#objects[index];
    if (object === undefined) return undefined;
    this.#objects[index] = undefined;
    object.handles -= 1;
    this.#count -= 1;
    this.#addFree(index);
    return object;
  }

  #addFree(value: number): void {
    const heap = this.#free;
    let index = heap.push(value) - 1;
    if (this.#order === 'last') return;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if ((heap[above] as number) <= value) break;
      heap[index] = heap[above] as number;
      index = above;
    }
    heap[index] = value;
  }

  #takeFree(): number | undefined {
    const heap = this.#free;
    if (this.#order === 'last') return heap.pop();
    const [first, last] = [heap[0], heap.pop()];
    if (last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= heap.length) break;
      if ((heap[below + 1] ?? Number.POSITIVE_INFINITY) < (heap[below] as number)) below += 1;
      if ((heap[below] as number) >= last) break;
      heap[index] = heap[below] as number;
      index = below;
    }
    heap[index] = last;
    return first;
  }
}
