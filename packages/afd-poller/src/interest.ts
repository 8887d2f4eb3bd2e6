import { showValue } from 'ntdllx';
import type { Direction } from 'tofu-sockets';
import { PollerError } from './errors.js';
import { Readiness } from './readiness.js';

/** How often a registration reports the same thing. */
export type Mode = 'level' | 'oneshot' | 'edge';

/**
 * What a registration reports. A reset, a failed connect and a refused poll are reported whatever is
 * asked for, once until the next `modify`. An empty interest asks for these alone.
 */
export interface Interest {
  /** Data can be received, or the end of the stream. */
  readonly readable?: boolean;
  /** Data can be sent. True nearly always: ask for it only while something waits to be sent. */
  readonly writable?: boolean;
  /** A connection waits to be accepted. */
  readonly accept?: boolean;
  /**
   * A connect that is under way ended. Reported once, then this interest is over. Call `connect` first
   * and add the socket then: on Windows a poll made before may never see it (unverified; the poller
   * learns of the `connect` of a socket that it has and polls again).
   */
  readonly connected?: boolean;
  /** The peer sends no more. `readable` reports it, too; this asks for nothing else. */
  readonly readClosed?: boolean;
  /** TCP's urgent byte can be received out of band. */
  readonly priority?: boolean;
  /** The socket was closed here without being removed. */
  readonly localClosed?: boolean;
  /**
   * `level`, the default: reported by every wait, for as long as it is true. `oneshot`: reported once,
   * then disabled until `modify`. `edge`: reported once, and again only after a call on the socket
   * returned would-block.
   */
  readonly mode?: Mode;
}

const bitsByName = {
  readable: Readiness.readable,
  writable: Readiness.writable,
  accept: Readiness.accept,
  connected: Readiness.connected,
  readClosed: Readiness.readClosed,
  priority: Readiness.priority,
  localClosed: Readiness.localClosed,
} as const;

const names = Object.keys(bitsByName) as (keyof typeof bitsByName)[];
const modes: readonly Mode[] = ['level', 'oneshot', 'edge'];

/**
 * An interest that was checked once, by {@link prepareInterest}: to pass it to `add` and `modify`
 * costs nothing. Immutable.
 */
export class PreparedInterest implements Interest {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly accept: boolean;
  readonly connected: boolean;
  readonly readClosed: boolean;
  readonly priority: boolean;
  readonly localClosed: boolean;
  readonly mode: Mode;
  /** Not a property of the object: a copy of it is an {@link Interest}. */
  readonly #bits: number;

  /** @internal */
  constructor(bits: number, mode: Mode) {
    const has = (bit: number) => (bits & bit) !== 0;
    this.readable = has(Readiness.readable);
    this.writable = has(Readiness.writable);
    this.accept = has(Readiness.accept);
    this.connected = has(Readiness.connected);
    this.readClosed = has(Readiness.readClosed);
    this.priority = has(Readiness.priority);
    this.localClosed = has(Readiness.localClosed);
    this.mode = mode;
    this.#bits = bits;
    Object.freeze(this);
  }

  /** @internal As bits of `Readiness`. */
  get bits(): number {
    return this.#bits;
  }
}

/**
 * Checks an interest once, for `add` and `modify` that are called often.
 *
 * @throws {PollerError} `ERR_POLLER_ARGUMENT`
 */
export function prepareInterest(interest: Interest): PreparedInterest {
  if (interest instanceof PreparedInterest) return interest;
  const [bits, mode] = readInterest(interest);
  return intern(bits, mode);
}

/** As many as there are; each is made once, so that two equal interests are one object. */
const prepared = new Map<number, PreparedInterest>();

function intern(bits: number, mode: Mode): PreparedInterest {
  const packed = pack(bits, mode);
  const known = prepared.get(packed);
  if (known !== undefined) return known;
  const made = new PreparedInterest(bits, mode);
  prepared.set(packed, made);
  return made;
}

function readInterest(interest: Interest): [bits: number, mode: Mode] {
  if (typeof interest !== 'object' || interest === null || Array.isArray(interest)) {
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      `An interest is an object such as { readable: true }, got ${showValue(interest)}.`,
    );
  }
  let bits = 0;
  let mode: Mode = 'level';
  for (const [name, value] of Object.entries(interest)) {
    if (value === undefined) continue;
    if (name === 'mode') {
      mode = requireMode(value);
      continue;
    }
    const bit = Object.hasOwn(bitsByName, name) ? bitsByName[name as keyof typeof bitsByName] : 0;
    if (bit === 0 || typeof value !== 'boolean') {
      throw new PollerError(
        'ERR_POLLER_ARGUMENT',
        `An interest has ${names.join(', ')}, each true or false, and mode; ` +
          `got ${name}: ${showValue(value)}.`,
      );
    }
    if (value) bits |= bit;
  }
  return [bits, mode];
}

function requireMode(value: unknown): Mode {
  const mode = modes.find((each) => each === value);
  if (mode !== undefined) return mode;
  throw new PollerError(
    'ERR_POLLER_ARGUMENT',
    `A mode is one of ${modes.join(', ')}, got ${showValue(value)}.`,
  );
}

function pack(bits: number, mode: Mode): number {
  return bits * 4 + modes.indexOf(mode);
}

/** An interest as one number, to travel in a packet. */
export function packInterest(interest: PreparedInterest): number {
  return pack(interest.bits, interest.mode);
}

/** The way back. */
export function unpackInterest(packed: number): PreparedInterest {
  return intern(Math.floor(packed / 4) & 0x7f, modes[packed % 4] ?? 'level');
}

/** The readiness that a call waits for when it would have blocked. */
export const readinessByDirection: Readonly<Record<Direction, number>> = {
  accept: Readiness.accept,
  connect: Readiness.connected,
  finishConnect: Readiness.connected,
  readable: Readiness.readable,
  writable: Readiness.writable,
  priority: Readiness.priority,
};
