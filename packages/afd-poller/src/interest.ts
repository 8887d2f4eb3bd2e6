import {
  AFD_POLL_ABORT,
  AFD_POLL_ACCEPT,
  AFD_POLL_CONNECT_FAIL,
  AFD_POLL_DISCONNECT,
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
  AFD_POLL_RECEIVE_EXPEDITED,
  AFD_POLL_SEND,
} from 'ntdllx';
import type { Direction } from 'tofu-sockets';
import { PollerError } from './errors.js';
import { show } from './show.js';

/**
 * What a registration wants to be told of. A reset and a failed connect are told whatever is wanted,
 * once until the next `modify`; one-shot silences them like everything else but `localClose`. An
 * empty interest asks for these alone.
 */
export interface Interest {
  /** A connection waits to be accepted. */
  readonly accept?: boolean;
  /**
   * A connect that is under way ended. Told once, then this interest is over. Call `connect` first
   * and add the socket then: on Windows a poll made before may never hear of it (unverified; where the
   * poller is told of the connect it polls again).
   */
  readonly connect?: boolean;
  /** Data can be received, or the end of the stream. */
  readonly receive?: boolean;
  /** Data can be sent. True nearly always: ask for it only while something waits to be sent. */
  readonly send?: boolean;
  /** TCP's urgent byte can be received out of band. */
  readonly priority?: boolean;
  /** The other side sends no more. `receive` tells it, too; this asks for nothing else. */
  readonly disconnect?: boolean;
  /** The socket was closed here without being removed. Not told unless asked for. */
  readonly localClose?: boolean;
  /**
   * `level`, the default: told by every wait, for as long as it is true, but for resets and failed
   * connects. `oneshot`: told once, then
   * silent until `modify`. `edge`: told once, and again only after a call on the socket returned
   * would-block.
   */
  readonly mode?: Mode;
}

/** How often a registration is told of the same thing. */
export type Mode = 'level' | 'oneshot' | 'edge';

/** The bits of an interest, as the engine keeps them. */
export const wants = {
  accept: 0x1,
  connect: 0x2,
  receive: 0x4,
  send: 0x8,
  priority: 0x10,
  disconnect: 0x20,
  localClose: 0x40,
} as const;

/** The interest that a call was about when it would have blocked. */
export const directionWants: Readonly<Record<Direction, number>> = {
  accept: wants.accept,
  connect: wants.connect,
  receive: wants.receive,
  send: wants.send,
  urgent: wants.priority,
};

/** An interest that was checked. */
export interface Want {
  readonly bits: number;
  readonly mode: Mode;
}

const names = Object.keys(wants) as (keyof typeof wants)[];
const modes: readonly Mode[] = ['level', 'oneshot', 'edge'];

/** @throws {PollerError} `ERR_POLLER_ARGUMENT` for anything that {@link Interest} does not allow. */
export function readInterest(interest: Interest): Want {
  if (typeof interest !== 'object' || interest === null || Array.isArray(interest)) {
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      `An interest is an object such as { receive: true }, got ${show(interest)}.`,
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
    const bit = Object.hasOwn(wants, name) ? wants[name as keyof typeof wants] : undefined;
    if (bit === undefined || typeof value !== 'boolean') {
      throw new PollerError(
        'ERR_POLLER_ARGUMENT',
        `An interest has ${names.join(', ')}, each true or false, and mode; ` +
          `got ${name}: ${show(value)}.`,
      );
    }
    if (value) bits |= bit;
  }
  return { bits, mode };
}

function requireMode(value: unknown): Mode {
  const mode = modes.find((each) => each === value);
  if (mode !== undefined) return mode;
  throw new PollerError(
    'ERR_POLLER_ARGUMENT',
    `A mode is one of ${modes.join(', ')}, got ${show(value)}.`,
  );
}

/** What AFD is asked for in every poll: what ends a connection, whoever asked. */
export const alwaysMask = AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE | AFD_POLL_CONNECT_FAIL;

/**
 * What AFD is to be asked for. RECEIVE alone would miss a FIN, so DISCONNECT goes with it. A connect
 * is seen as SEND: CONNECT itself stays true for as long as the connection does, so that to ask for
 * it is a busy loop (mio and wepoll; measured under Wine: finding F13).
 */
export function afdMask(bits: number): number {
  let mask = alwaysMask;
  if (bits & wants.accept) mask |= AFD_POLL_ACCEPT;
  if (bits & wants.connect) mask |= AFD_POLL_SEND;
  if (bits & wants.receive) mask |= AFD_POLL_RECEIVE | AFD_POLL_DISCONNECT;
  if (bits & wants.send) mask |= AFD_POLL_SEND;
  if (bits & wants.priority) mask |= AFD_POLL_RECEIVE_EXPEDITED;
  if (bits & wants.disconnect) mask |= AFD_POLL_DISCONNECT;
  return mask;
}
