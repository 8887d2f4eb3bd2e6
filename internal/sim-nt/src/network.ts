import type { Core } from './core.js';

/** Something on its way to a socket. */
export type Segment =
  | { readonly kind: 'data'; bytes: Uint8Array }
  | { readonly kind: 'urgent'; readonly byte: number }
  | { readonly kind: 'run'; readonly run: () => void }
  | { readonly kind: 'fin' }
  | { readonly kind: 'rst' };

/** Where a wire ends. */
export interface Receiver {
  /** False when there is no room: the segment is offered again after {@link Network.resume}. */
  receive(segment: Segment): boolean;
}

/** One direction between two sockets: what is put in comes out in order. */
export class Wire {
  readonly receiver: Receiver;
  readonly queue: Segment[] = [];
  /** Where it is in the list of wires with something to deliver; -1 when it is not. */
  index = -1;

  constructor(receiver: Receiver) {
    this.receiver = receiver;
  }
}

/** What is under way. Eager: nothing ever is. Lazy: each segment arrives when chance says so. */
export class Network {
  readonly isLazy: boolean;
  readonly #core: Core;
  readonly #busy: Wire[] = [];

  constructor(core: Core, isLazy: boolean) {
    this.#core = core;
    this.isLazy = isLazy;
  }

  /** True when something is under way that could arrive. */
  get isBusy(): boolean {
    return this.#busy.length > 0;
  }

  /** Sends a segment off. */
  push(wire: Wire, segment: Segment): void {
    wire.queue.push(segment);
    this.resume(wire);
  }

  /** Something may be deliverable again. */
  resume(wire: Wire): void {
    if (wire.index >= 0 || wire.queue.length === 0) return;
    wire.index = this.#busy.push(wire) - 1;
    if (this.isLazy) return;
    while (wire.index >= 0) this.#deliver(wire);
  }

  /** Delivers one segment, of any wire. @returns false when nothing was under way. */
  step(): boolean {
    const wire = this.#busy[this.#core.random.below(this.#busy.length)];
    if (wire === undefined) return false;
    this.#deliver(wire);
    return true;
  }

  /** Delivers one, at about every third call. */
  stepNowAndThen(): void {
    if (this.#core.random.below(3) === 0) this.step();
  }

  /** Delivers all that can arrive, in any order between wires. */
  deliverAll(): void {
    while (this.step()) this.#core.settleMoment();
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
