import type { HANDLE } from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import type { PreparedInterest } from './interest.js';
import type { PollRequest } from './poll-request.js';
import { afdMask, Readiness, terminal } from './readiness.js';

/** What is to be done about a registration. */
export type Step = 'nothing' | 'submit' | 'cancel' | 'release';

/** One socket of one poller, from `add` to the end of its last request. */
export class Registration {
  readonly id: number;
  readonly skt: Skt;
  /** The handle that AFD knows the socket by. */
  readonly base: HANDLE;
  token: unknown;
  interest: PreparedInterest;
  /** Edge: what was reported and no would-block has renewed since. Always: a connect that ended. */
  alreadyReported = 0;
  /** `disabled`: a spent one-shot, or an end that was reported; until `modify`. */
  state: 'enabled' | 'disabled' | 'removed' = 'enabled';
  /** The request that it is a member of. Written by `poll-requests.ts`, like `submittedMask`. */
  request: PollRequest | undefined;
  /** What that request asks AFD for. */
  submittedMask = 0;
  /** How many of its last requests reported nothing of it. Written by `batches.ts`. */
  idleRounds = 0;
  /** True while it is in the loop's queue. Written by `poll-loop.ts`. */
  isQueued = false;

  constructor(id: number, skt: Skt, base: HANDLE, token: unknown, interest: PreparedInterest) {
    this.id = id;
    this.skt = skt;
    this.base = base;
    this.token = token;
    this.interest = interest;
  }

  /** What it is interested in now, as bits of `Readiness`. */
  get bits(): number {
    return this.interest.bits & ~this.alreadyReported;
  }

  /** What AFD is to be asked for, as AFD_POLL_* bits. */
  get mask(): number {
    return afdMask(this.bits);
  }

  /**
   * What is to be done now, as far as this registration alone says: the loop submits nothing while an
   * earlier registration of the same socket has a request. Pure.
   *
   * A submitted request is never written over. One that asks for too little is cancelled, and the next
   * one is made when its packet was removed. One that asks for too much is left alone: what it reports is
   * filtered.
   */
  nextStep(): Step {
    const { request, state } = this;
    if (request === undefined) {
      if (state === 'enabled') return 'submit';
      return state === 'removed' ? 'release' : 'nothing';
    }
    // Complete and not delivered yet, or cancelled: its end is on the way.
    if (request.state !== 'pending') return 'nothing';
    if (state !== 'enabled') return 'cancel';
    return (this.mask & ~this.submittedMask) === 0 ? 'nothing' : 'cancel';
  }

  /** This was delivered. */
  delivered(ready: number): void {
    const { mode } = this.interest;
    // The end of a connect is news once.
    if (ready & (Readiness.connected | Readiness.connectFailed)) {
      this.alreadyReported |= Readiness.connected;
    }
    if (mode === 'edge') this.alreadyReported |= ready;
    if (mode === 'oneshot' || (ready & terminal) !== 0) this.state = 'disabled';
  }

  /** What comes back with its events from here on. */
  setToken(token: unknown): void {
    this.token = token;
  }

  /** A new interest: what was reported before is reported again if it is still true. */
  change(interest: PreparedInterest): void {
    this.interest = interest;
    this.alreadyReported = 0;
    this.state = 'enabled';
  }

  /** A call would have blocked: in edge mode this readiness is news again. @returns whether it was not. */
  renew(ready: number): boolean {
    const isRenewed = (this.alreadyReported & ready & ~Readiness.connected) !== 0;
    this.alreadyReported &= ~ready | Readiness.connected;
    return isRenewed;
  }

  /** Nothing is reported from here on. */
  remove(): void {
    this.state = 'removed';
  }
}
