import { PollerError } from './errors.js';
import type { Mode, Want } from './interest.js';
import { show } from './show.js';

/** The keys of our packets. Those of polls have 0, which no other one has. */
export const keys = { poll: 0, wake: 1, post: 2, change: 3 } as const;

/** Where the flags are that all threads of one poller share. */
const flag = { isClosed: 0, isWakePending: 1, wakeBits: 2 } as const;

/** Posts one packet; `completion-port.ts` and the remote each have one. */
export type Post = (key: number, apcContext: number, status: number, information: number) => void;

/** What a poller and its remotes in other threads share. */
export class SharedFlags {
  readonly buffer: SharedArrayBuffer;
  readonly #flags: Int32Array;

  constructor(buffer = new SharedArrayBuffer(12)) {
    this.buffer = buffer;
    this.#flags = new Int32Array(buffer);
  }

  get isClosed(): boolean {
    return Atomics.load(this.#flags, flag.isClosed) === 1;
  }

  close(): void {
    Atomics.store(this.#flags, flag.isClosed, 1);
  }

  /**
   * Adds to the wake bits, and posts a packet unless one is on its way already. The bits come first:
   * whoever takes the packet sees them. When NT refuses the packet that is thrown here; a wake of
   * another thread at that very moment then comes with the next one.
   */
  wake(bits: number, post: Post): void {
    Atomics.or(this.#flags, flag.wakeBits, bits);
    if (Atomics.exchange(this.#flags, flag.isWakePending, 1) === 1) return;
    try {
      post(keys.wake, 0, 0, 0);
    } catch (error) {
      Atomics.store(this.#flags, flag.isWakePending, 0);
      throw error;
    }
  }

  /**
   * A wake packet was taken. The flag goes down before the bits are read: a wake in between posts a
   * packet of its own, and nothing is lost.
   */
  takeWake(): number {
    Atomics.store(this.#flags, flag.isWakePending, 0);
    return Atomics.exchange(this.#flags, flag.wakeBits, 0) >>> 0;
  }
}

function requireWhole(value: number, most: number, what: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new PollerError(
    'ERR_POLLER_ARGUMENT',
    `${what} is a whole number from 0 to ${most}, got ${show(value)}.`,
  );
}

/** @throws {PollerError} `ERR_POLLER_ARGUMENT` */
export function requireWakeBits(bits: number): number {
  return requireWhole(bits, 0xffff_ffff, 'A wake’s value');
}

/** @throws {PollerError} `ERR_POLLER_ARGUMENT` */
export function requirePost(type: number, value: number): void {
  requireWhole(type, 0xffff_ffff, 'A packet’s type');
  requireWhole(value, Number.MAX_SAFE_INTEGER, 'A packet’s value');
}

const modes: readonly Mode[] = ['level', 'oneshot', 'edge'];

/** An interest as one number, to travel in a packet. */
export function packWant({ bits, mode }: Want): number {
  return bits * 4 + modes.indexOf(mode);
}

/** The way back. */
export function unpackWant(packed: number): Want {
  return { bits: Math.floor(packed / 4), mode: modes[packed % 4] ?? 'level' };
}
