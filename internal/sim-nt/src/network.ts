import type { Random } from './random.js';

/** Something in transit to a socket. */
export type Segment =
  | { readonly kind: 'data'; bytes: Uint8Array }
  | { readonly kind: 'urgent'; readonly byte: number }
  | { readonly kind: 'run'; readonly run: () => void }
  | { readonly kind: 'fin' }
  | { readonly kind: 'rst' };

/** The receiving end of a wire. */
export interface Receiver {
  /**
   * Returns false if there is no buffer space: the segment is offered again after
   * {@link Network.resume}.
   */
  receive(segment: Segment): boolean;
}

/** One direction between two sockets. Segments arrive in the order in which they were sent. */
export class Wire {
  readonly receiver: Receiver;
  readonly queue: Segment[] = [];
  /** Its index in the list of wires with deliverable segments; -1 if it is not in the list. */
  index = -1;

  constructor(receiver: Receiver) {
    this.receiver = receiver;
  }
}

/** The kernel functions that the network uses. */
interface NetworkHost {
  readonly random: Random;
  /** Queues the completions that a delivery has caused. */
  settleMoment(): void;
}

/**
 * The segments in transit. An eager network delivers each segment at once. A lazy network delivers
 * each segment at a random time.
 */
export class Network {
  readonly isLazy: boolean;
  readonly #host: NetworkHost;
  readonly #busy: Wire[] = [];

  constructor(host: NetworkHost, isLazy: boolean) {
    this.#host = host;
    this.isLazy = isLazy;
  }

  /** True if something in transit can arrive. */
  get isBusy(): boolean {
    return this.#busy.length > 0;
  }

  /** Sends a segment. */
  push(wire: Wire, segment: Segment): void {
    wire.queue.push(segment);
    this.resume(wire);
  }

  /** Called when a segment may have become deliverable. */
  resume(wire: Wire): void {
    if (wire.index >= 0 || wire.queue.length === 0) return;
    wire.index = this.#busy.push(wire) - 1;
    if (this.isLazy) return;
    while (wire.index >= 0) this.#deliver(wire);
  }

  /**
   * Delivers one segment of any wire.
   *
   * @returns false if nothing was in transit
   */
  step(): boolean {
    const wire = this.#busy[this.#host.random.below(this.#busy.length)];
    if (wire === undefined) return false;
    this.#deliver(wire);
    return true;
  }

  /** Delivers one segment at about every third call. */
  stepNowAndThen(): void {
    if (this.#host.random.below(3) === 0) this.step();
  }

  /** Delivers everything that can arrive, in random order between wires. */
  deliverAll(): void {
    while (this.step()) this.#host.settleMoment();
  }

  #deliver(wire: Wire): void {
    const first = wire.queue[0];
    if (first === undefined || !wire.receiver.receive(first)) this.#rest(wire);
    else {
      // A receiver may have emptied the queue itself.
      if (wire.queue[0] === first) wire.queue.shift();
      if (wire.queue.length === 0) this.#rest(wire);
    }
  }

  #rest(wire: Wire): void {
    if (wire.index < 0) return;
    const last = this.#busy.pop();
    if (last !== undefined && last !== wire) {
      this.#busy[wire.index] = last;
      last.index = wire.index;
    }
    wire.index = -1;
  }
}
