import { showValue } from 'ntdllx';
import type { Direction } from 'tofu-sockets';
import { PollerError } from './errors.js';
import { Readiness } from './readiness.js';

/** How often a registration reports the same thing. */
export type Mode = 'level' | 'oneshot' | 'edge';

/**
 * What a registration reports. A reset, a failed connect and a refused poll are reported with
 * every interest, once until the next `modify`. With an empty interest only these are reported.
 */
export interface Interest {
  /** There are data to receive, or the stream has ended. */
  readonly readable?: boolean;
  /**
   * Data can be sent. A socket is nearly always writable, so request this only while there are
   * unsent data.
   */
  readonly writable?: boolean;
  /** A connection waits to be accepted. */
  readonly accept?: boolean;
  /**
   * A pending connect succeeded or failed. It is reported once; then this interest is over. Call
   * `connect` first and add the socket afterwards: on Windows a poll that was submitted before the
   * connect may never report it (unverified). If a socket that is already registered connects, the
   * poller is notified and polls the socket again.
   */
  readonly connected?: boolean;
  /**
   * The peer sends no more data. `readable` reports this, too; `readClosed` reports nothing else.
   */
  readonly readClosed?: boolean;
  /** TCP's urgent byte can be received out of band. */
  readonly priority?: boolean;
  /** This process closed the socket without removing it first. */
  readonly localClosed?: boolean;
  /**
   * `level`, the default: every wait reports the readiness for as long as it lasts. `oneshot`: it
   * is reported once; then the registration is disabled until `modify`. `edge`: it is reported
   * once, and again only after a call on the socket returned would-block.
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
 * An interest that {@link prepareInterest} has checked. `add` and `modify` accept it without a
 * further check. Immutable.
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
  /** A private field, so that `{ ...prepared }` is a valid {@link Interest}. */
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

  /** @internal The interest as bits of `Readiness`. */
  get bits(): number {
    return this.#bits;
  }
}

/**
 * Checks an interest once, so that frequent calls of `add` and `modify` need not check it.
 *
 * @throws {PollerError} `ERR_POLLER_ARGUMENT`
 *
 * @example
 * ```ts
 * import { prepareInterest } from 'afd-poller';
 *
 * const receiving = prepareInterest({ readable: true, mode: 'oneshot' });
 * ```
 */
export function prepareInterest(interest: Interest): PreparedInterest {
  if (interest instanceof PreparedInterest) return interest;
  const [bits, mode] = readInterest(interest);
  return intern(bits, mode);
}

/** One object per distinct interest, so that two equal interests are the same object. */
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
      `An interest must be an object such as { readable: true }, got ${showValue(interest)}.`,
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
        `The interest has ${name}: ${showValue(value)}, which is not valid. An interest has ` +
          `${names.join(', ')}, each true or false, and mode.`,
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
    `The mode of an interest must be ${modes.join(' or ')}, got ${showValue(value)}.`,
  );
}

function pack(bits: number, mode: Mode): number {
  return bits * 4 + modes.indexOf(mode);
}

/** Encodes an interest as one number, to send it in a packet. */
export function packInterest(interest: PreparedInterest): number {
  return pack(interest.bits, interest.mode);
}

/** Decodes the number of {@link packInterest}. */
export function unpackInterest(packed: number): PreparedInterest {
  return intern(Math.floor(packed / 4) & 0x7f, modes[packed % 4] ?? 'level');
}

/** The readiness to wait for after a call in this direction returned would-block. */
export const readinessByDirection: Readonly<Record<Direction, number>> = {
  accept: Readiness.accept,
  connect: Readiness.connected,
  finishConnect: Readiness.connected,
  readable: Readiness.readable,
  writable: Readiness.writable,
  priority: Readiness.priority,
};
