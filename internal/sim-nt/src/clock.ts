interface TimedEvent {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** A planned event, which can be cancelled. */
export interface Planned {
  cancel(): void;
}

/** 2026-01-01 in NT's system time: 100 ns since 1601. */
const epoch100ns = 134_116_992_000_000_000n;

/** Simulated time, which advances only while a program waits. */
export class Clock {
  #nowMs = 0;
  #order = 0;
  // A binary heap: the earliest event first; events at the same time in the order of planning.
  readonly #heap: TimedEvent[] = [];
  #cancelled = 0;

  /** Milliseconds since the kernel was created. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** NT's system time, in 100 ns. */
  get systemTime100ns(): bigint {
    return epoch100ns + BigInt(Math.round(this.#nowMs * 10_000));
  }

  /** Plans a function for a time. A time in the past means: as soon as possible. */
  at(atMs: number, run: () => void): Planned {
    const event: TimedEvent = { atMs, order: this.#order, run };
    this.#order += 1;
    this.#push(event);
    return {
      cancel: () => {
        if (event.run === undefined) return;
        event.run = undefined;
        this.#cancelled += 1;
        if (this.#cancelled > 1_000 && this.#cancelled * 2 > this.#heap.length) this.#sweep();
      },
    };
  }

  /** The time of the next event; infinity if there is none. */
  get nextMs(): number {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return Number.POSITIVE_INFINITY;
      if (first.run !== undefined) return first.atMs;
      this.#pop();
      this.#cancelled -= 1;
    }
  }

  /** True if an event is due now. */
  get isDue(): boolean {
    const first = this.#heap[0];
    return first !== undefined && first.atMs <= this.#nowMs && this.nextMs <= this.#nowMs;
  }

  /** Takes the next event, moves time to it, and runs it. */
  runNext(): void {
    const event = this.#pop();
    if (event === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, event.atMs);
    const { run } = event;
    event.run = undefined;
    run?.();
  }

  /** Advances time. No event may be due before the new time. */
  moveTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  /** Removes cancelled events: the time-outs of millions of polls never expire. */
  #sweep(): void {
    const kept = this.#heap.filter(({ run }) => run !== undefined);
    this.#heap.length = 0;
    this.#cancelled = 0;
    for (const event of kept) this.#push(event);
  }

  #isSooner(a: TimedEvent, b: TimedEvent): boolean {
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  #push(event: TimedEvent): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (this.#isSooner(heap[above] as TimedEvent, event)) break;
      heap[index] = heap[above] as TimedEvent;
      index = above;
    }
    heap[index] = event;
  }

  #pop(): TimedEvent | undefined {
    const heap = this.#heap;
    const [first, last] = [heap[0], heap.pop()];
    if (last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= heap.length) break;
      const right = heap[below + 1];
      if (right !== undefined && this.#isSooner(right, heap[below] as TimedEvent)) below += 1;
      if (this.#isSooner(last, heap[below] as TimedEvent)) break;
      heap[index] = heap[below] as TimedEvent;
      index = below;
    }
    heap[index] = last;
    return first;
  }
}
