import type { Random } from './random.js';

/**
 * Rare behaviour that NT permits. Each value is the probability that the behaviour happens when it
 * can: 0, the default, is never; 1 is always.
 */
export interface Injections {
  /**
   * A poll that completes at once returns STATUS_PENDING; its packet is on the port nevertheless.
   */
  pendingAlthoughDone: number;
  /** Simultaneous completions of polls reach the port in any order. */
  shuffle: number;
  /**
   * The completion of a poll is written and posted up to 3 ms later; a cancel in between finds
   * nothing.
   */
  late: number;
  /** Data in transit arrives just before a cancel, which may then find nothing. */
  cancelRace: number;
  /** On any call: a pending poll ends with success and no handle, as if displaced. */
  displaced: number;
  /** On any call: a packet without a request appears on a port. */
  stray: number;
  /** NtDeviceIoControlFile starts nothing: STATUS_INSUFFICIENT_RESOURCES. */
  refuse: number;
  /** NtDeviceIoControlFile starts nothing: STATUS_INVALID_HANDLE. */
  refuseHandle: number;
  /** NtSetIoCompletion posts nothing: STATUS_INSUFFICIENT_RESOURCES. */
  postFails: number;
  /** accept fails with WSAECONNRESET: the waiting connection is gone. */
  acceptReset: number;
  /**
   * The send buffer of a UDP socket is full: a send fails with WSAEWOULDBLOCK, and SEND is not
   * reported until the buffer has drained, up to 3 ms later.
   */
  sendFull: number;
}

/** The name of one of {@link Injections}. */
export type Injection = keyof Injections;

export const noInjections: Readonly<Injections> = {
  pendingAlthoughDone: 0,
  shuffle: 0,
  late: 0,
  cancelRace: 0,
  displaced: 0,
  stray: 0,
  refuse: 0,
  refuseHandle: 0,
  postFails: 0,
  acceptReset: 0,
  sendFull: 0,
};

/** Decides each time whether an injection happens. */
export class Dice {
  readonly #random: Random;
  readonly #probability: Injections;
  readonly #forced = new Map<Injection, number>();
  /** The number of times that each injection happened. */
  readonly happened: Injections = { ...noInjections };
  /** True if an injection may happen on any call. */
  isRestless = false;

  constructor(random: Random, injections: Partial<Injections>) {
    this.#random = random;
    this.#probability = { ...noInjections };
    this.set(injections);
  }

  /** Changes the given probabilities. */
  set(injections: Partial<Injections>): void {
    for (const [name, value] of Object.entries(injections)) {
      if (!Object.hasOwn(noInjections, name) || !(value >= 0 && value <= 1)) {
        throw new RangeError(
          `The injection ${name} has the probability ${value}; it must be 0 to 1.`,
        );
      }
      this.#probability[name as Injection] = value;
    }
    this.#look();
  }

  /** Makes the injection happen the next `count` times that it can. */
  force(name: Injection, count: number): void {
    this.#forced.set(name, (this.#forced.get(name) ?? 0) + count);
    this.#look();
  }

  /** True if the injection happens now. */
  rolls(name: Injection): boolean {
    const isNow = this.#decide(name);
    if (isNow) this.happened[name] += 1;
    return isNow;
  }

  #decide(name: Injection): boolean {
    if (this.#forced.size > 0) {
      const left = this.#forced.get(name) ?? 0;
      if (left > 1) this.#forced.set(name, left - 1);
      else this.#forced.delete(name);
      if (left > 0) {
        this.#look();
        return true;
      }
    }
    return this.#random.chance(this.#probability[name]);
  }

  #look(): void {
    const may = (name: Injection) => this.#probability[name] > 0 || this.#forced.has(name);
    this.isRestless = may('displaced') || may('stray');
  }
}
