import { showValue } from 'ntdllx';
import { PollerError } from './errors.js';
import { Queue } from './queue.js';

/**
 * The completion keys of the poller's packets. AFD and socket handles are associated with key 0,
 * so only the packets of polls have it.
 */
export const packetKey = { poll: 0, wake: 1, post: 2, change: 3, remove: 4 } as const;

/** How many unused packet objects are kept for later posts. */
const mostSpare = 64;

/** A posted packet until it is delivered. The object is then reused. */
export class PostedPacket {
  type = 0;
  value = 0;
}

/** A pool of packet objects, so that a post does not allocate. */
export class PostedPackets {
  readonly #spare = new Queue<PostedPacket>();

  take(type: number, value: number): PostedPacket {
    const packet = this.#spare.length === 0 ? new PostedPacket() : this.#spare.pop();
    packet.type = type;
    packet.value = value;
    return packet;
  }

  giveBack(packet: PostedPacket): void {
    if (this.#spare.length < mostSpare) this.#spare.push(packet);
  }
}

function requireWhole(value: number, most: number, what: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new PollerError(
    'ERR_POLLER_ARGUMENT',
    `${what} must be a whole number from 0 to ${most}, got ${showValue(value)}.`,
  );
}

/** @throws {PollerError} `ERR_POLLER_ARGUMENT` */
export function requireWakeBits(bits: number): number {
  return requireWhole(bits, 0xffff_ffff, 'The value of a wake');
}

/** @throws {PollerError} `ERR_POLLER_ARGUMENT` */
export function requirePost(type: number, value: number): void {
  requireWhole(type, 0xffff_ffff, 'The type of a packet');
  requireWhole(value, Number.MAX_SAFE_INTEGER, 'The value of a packet');
}
