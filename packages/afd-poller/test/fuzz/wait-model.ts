import {
  type PollEvent,
  type PollEvents,
  type PostEvent,
  Readiness,
  type SocketEvent,
} from 'afd-poller';
import { STATUS_CONNECTION_REFUSED, STATUS_INSUFFICIENT_RESOURCES } from 'ntdllx';
import type { SimNt } from 'sim-nt';
import { claim } from './claim.js';
import type { ModelPoller } from './poller-model.js';
import type { ModelRegistration } from './registration-model.js';
import { allowedBy, impliedByEnd, inWords, truthOf } from './rules.js';
import { count, type Situations } from './situations.js';

/** An event as it was when the wait returned. */
export interface SeenEvent {
  readonly event: PollEvent<number>;
  readonly bits: number;
  readonly registration: ModelRegistration | undefined;
  readonly version: number;
  /** True if the readiness still held when the wait returned. */
  readonly isFresh: boolean;
  /** The number of consuming calls on its socket until then. */
  readonly uses: number;
}

const text = (registration: ModelRegistration) =>
  `token ${registration.token} (socket ${registration.socket.id}, ${registration.interest.mode}, ` +
  `interest 0x${registration.interest.bits.toString(16)}, disarmed 0x${registration.disarmed.toString(16)})`;

/** The number of consuming calls of all kinds on a socket. */
export function usesOf({ socket }: ModelRegistration): number {
  const { readable, writable, accept, priority } = socket.uses;
  return readable + writable + accept + priority;
}

/** Waits, and compares the events with the model. */
export class WaitModel {
  readonly #sim: SimNt;
  readonly #situations: Situations;

  constructor(sim: SimNt, situations: Situations) {
    this.#sim = sim;
    this.#situations = situations;
  }

  /** Performs one wait. @returns its events, in order. */
  wait(poller: ModelPoller, timeoutMs: number, list: PollEvents<number>): SeenEvent[] {
    const beforeMs = this.#sim.nowMs();
    poller.isWaiting = true;
    try {
      poller.real.wait(timeoutMs, list);
    } finally {
      poller.isWaiting = false;
    }
    poller.reported += list.length;
    const vanished = this.#findVanished(poller);
    const seen = this.#readList(poller, list);
    this.#checkWakes(poller, list);
    for (const registration of poller.bySocket.values()) {
      if (!seen.some((each) => each.registration === registration)) {
        registration.mayBePending = true;
      }
    }
    const waitedMs = this.#sim.nowMs() - beforeMs;
    const isEmpty = list.length === 0;
    claim(!isEmpty || waitedMs >= timeoutMs - 1e-9, 'wait too short', () => {
      return `${waitedMs} ms instead of ${timeoutMs} ms`;
    });
    const isLate = isEmpty && timeoutMs > 0 && vanished.some((each) => poller.closing.has(each));
    claim(!isLate, 'wait too long', () => `${timeoutMs} ms, with a local close to be reported`);
    return seen;
  }

  /**
   * Iterates over the list as a program does. `handle` may change anything, and returns false to
   * end the iteration.
   */
  iterate(
    list: PollEvents<number>,
    seen: readonly SeenEvent[],
    handle: (entry: SeenEvent) => boolean,
  ): void {
    let next = 0;
    for (const event of list) {
      // Another thread's change had hidden this event when the wait returned. A later change makes
      // it visible again.
      if (seen.length < list.length && seen.every((each) => each.event !== event)) continue;
      while (next < seen.length && seen[next]?.event !== event) {
        this.#checkSkipped(seen[next] as SeenEvent);
        next += 1;
      }
      const entry = seen[next] as SeenEvent;
      next += 1;
      const bits = this.#countingBits(entry);
      const { registration } = entry;
      const isDue = event.kind !== 'socket' || bits !== 0 || registration?.isUncertain === true;
      const current = event.kind === 'socket' ? event.bits : 0;
      const isOver = registration?.isAlive === false && current !== Readiness.localClosed;
      claim(isDue && !isOver, 'report after the end', () => {
        return `${inWords(current)}, while the list is read`;
      });
      const isSure = registration?.isUncertain !== true;
      claim(!isSure || current === bits, 'unwanted report', () => {
        return `${inWords(current)} instead of ${inWords(bits)}, while the list is read`;
      });
      if (registration?.isAlive && event.kind === 'socket') {
        claim(event.token === registration.token, 'wrong token', () => `${event.token}`);
      }
      if (bits !== entry.bits) count(this.#situations, 'event changed while the list is read');
      if (!handle({ ...entry, bits: current })) return;
    }
    for (; next < seen.length; next += 1) this.#checkSkipped(seen[next] as SeenEvent);
  }

  #countingBits({ registration, bits, version }: SeenEvent): number {
    if (registration === undefined) return 0;
    if (!registration.isAlive) return bits & Readiness.localClosed;
    return registration.version === version
      ? bits
      : bits & (allowedBy(registration.requested.bits) | Readiness.refused);
  }

  #checkSkipped(entry: SeenEvent): void {
    count(this.#situations, 'event skipped');
    const { registration } = entry;
    const bits = this.#countingBits(entry);
    const isRight = registration !== undefined && (registration.isUncertain || bits === 0);
    claim(isRight, 'event skipped', () => `${inWords(entry.bits)} while the list is read`);
  }

  /**
   * Finds the registrations for whose socket NT returned STATUS_INVALID_HANDLE: the poller treats
   * the socket as closed.
   */
  #findVanished(poller: ModelPoller): ModelRegistration[] {
    if (this.#sim.injected.refuseHandle === 0) return [];
    const vanished: ModelRegistration[] = [];
    for (const registration of [...poller.bySocket.values()]) {
      if (poller.real.has(registration.socket.skt)) continue;
      poller.closed(registration);
      vanished.push(registration);
      count(this.#situations, 'registration dropped for STATUS_INVALID_HANDLE');
    }
    return vanished;
  }

  #readList(poller: ModelPoller, list: PollEvents<number>): SeenEvent[] {
    const seen: SeenEvent[] = [];
    const { length, capacity } = list;
    claim(length <= capacity, 'list too long', () => `${length} events in ${capacity} places`);
    if (length === capacity) count(this.#situations, 'full list');
    const once = new Set<ModelRegistration>();
    for (let index = 0; index < length; index += 1) {
      const event = list.at(index);
      if (event === undefined) {
        const isAnyUncertain = [...poller.byToken.values()].some((each) => each.isUncertain);
        claim(isAnyUncertain, 'event skipped', () => 'an event is gone when the wait returns');
        continue;
      }
      if (event.kind === 'post') this.#checkPost(poller, event);
      const entry = event.kind === 'socket' ? this.#readSocket(poller, event, once) : undefined;
      const plain = { bits: 0, registration: undefined, version: 0, isFresh: true, uses: 0 };
      seen.push(entry ?? { event, ...plain });
    }
    return seen;
  }

  #readSocket(
    poller: ModelPoller,
    event: SocketEvent<number>,
    once: Set<ModelRegistration>,
  ): SeenEvent {
    const { bits } = event;
    const registration = poller.byToken.get(event.token);
    claim(registration !== undefined, 'wrong token', () => `${event.token}: ${inWords(bits)}`);
    claim(!once.has(registration), 'duplicate report', () => text(registration));
    once.add(registration);
    const isAlive = registration.isAlive;
    const { version } = registration;
    const what = () => `${inWords(bits)} of ${text(registration)}`;
    const uses = usesOf(registration);
    if ((bits & Readiness.localClosed) !== 0) {
      claim(!isAlive, 'dropped without a reason', what);
      const isDue = poller.closing.delete(registration) || registration.isUncertain;
      claim(isDue && bits === Readiness.localClosed, 'report after the end', what);
      count(this.#situations, 'reported localClosed');
      return { event, bits, registration, version, isFresh: false, uses };
    }
    claim(isAlive, 'report after the end', what);
    claim(event.skt === registration.socket.skt, 'wrong token', what);
    const isFresh = this.#checkSocket(registration, event, what);
    for (const [name, bit] of Object.entries(Readiness)) {
      if ((bits & bit) !== 0) count(this.#situations, `reported ${name}`);
    }
    count(this.#situations, `reported, mode ${registration.interest.mode}`);
    registration.reported(bits);
    return { event, bits, registration, version, isFresh, uses };
  }

  #checkSocket(registration: ModelRegistration, event: SocketEvent<number>, what: () => string) {
    const { bits } = event;
    const { isUncertain } = registration;
    claim(bits !== 0, 'unwanted report', what);
    claim(isUncertain || !registration.isDisabled, 'report while disabled', what);
    if (bits === Readiness.refused) return this.#checkRefusal(event, what);
    claim((bits & ~registration.allowed) === 0, 'unwanted report', what);
    const truth = truthOf(this.#sim.bitsOf(registration.socket.skt.socket));
    const untrue = bits & ~truth;
    claim((untrue & ~registration.spent) === 0, 'false report', () => {
      return `${what()}, but true is ${inWords(truth)}`;
    });
    if (untrue !== 0) count(this.#situations, 'reported and consumed meanwhile');
    const implied = isUncertain ? 0 : impliedByEnd(registration.bits);
    const isEnd = (bits & (Readiness.reset | Readiness.connectFailed)) !== 0;
    claim(!isEnd || (implied & ~bits) === 0, 'incomplete report', what);
    const cause = (bits & Readiness.connectFailed) === 0 ? 0 : STATUS_CONNECTION_REFUSED;
    claim(event.cause === cause, 'false report', () => `cause ${event.cause}: ${what()}`);
    return untrue === 0;
  }

  /** Checks a refused poll: the refusal must have been injected. */
  #checkRefusal({ cause }: SocketEvent<number>, what: () => string): true {
    const isDue = this.#sim.injected.refuse > 0 && cause === STATUS_INSUFFICIENT_RESOURCES;
    claim(isDue, 'false report', what);
    return true;
  }

  #checkPost(poller: ModelPoller, { type, value }: PostEvent): void {
    const first = poller.posts.shift();
    const isRight = first?.type === type && first.value === value;
    claim(isRight, 'post lost or out of order', () => {
      return `${type} ${value} instead of ${first?.type} ${first?.value}`;
    });
    count(this.#situations, 'reported post');
  }

  #checkWakes(poller: ModelPoller, list: PollEvents<number>): void {
    const { wakes } = poller;
    let reported = 0;
    let number = 0;
    for (let index = 0; index < list.length; index += 1) {
      const event = list.at(index);
      if (event?.kind !== 'wake') continue;
      reported |= event.value;
      number += 1;
    }
    const { during, mayDuring, may, must } = wakes;
    wakes.during = 0;
    wakes.mayDuring = 0;
    if (number === 0) return;
    count(this.#situations, 'reported wake', number);
    claim((reported & ~may) === 0, 'false wake', () => `bits ${reported} of ${may}`);
    claim(number === 1, 'false wake', () => `${number} events of wakes in one list`);
    // The first wake event must have all bits from before the wait.
    const missing = must & ~mayDuring & ~reported;
    claim(missing === 0, 'wake lost', () => `bits ${missing}`);
    wakes.must = during & ~reported;
    wakes.may = mayDuring;
    wakes.refused = 0;
  }
}
