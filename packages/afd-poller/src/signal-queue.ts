import type { PollEvents } from './poll-events.js';

/** A wake or a post whose packet was taken. */
interface Signal {
  readonly kind: 'wake' | 'post';
  readonly type: number;
  readonly value: number;
}

/**
 * Wakes and posts on their way from the port to a list. One packet of a group may fill the list that
 * another packet of the same batch was to have a place in: what finds none waits here, in order.
 */
export class SignalQueue {
  readonly #signals: Signal[] = [];

  push(kind: Signal['kind'], type = 0, value = 0): void {
    this.#signals.push({ kind, type, value });
  }

  /**
   * Tells as many as there is room for.
   *
   * @param takeWake the bits of a wake: all that came until it is told.
   * @returns how many were told.
   */
  tell(events: PollEvents<unknown>, takeWake: () => number): number {
    let told = 0;
    for (; this.#signals.length > 0 && !events.isFull; told += 1) {
      const { kind, type, value } = this.#signals.shift() as Signal;
      const event = events.push(kind);
      event.type = type;
      event.value = kind === 'wake' ? takeWake() : value;
    }
    return told;
  }
}
