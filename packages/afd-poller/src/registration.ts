import type { HANDLE } from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import type { PreparedInterest } from './interest.js';
import type { PollRequest } from './poll-request.js';
import { afdMask, Readiness, terminal } from './readiness.js';

/** The next step for a registration. */
export type Step = 'nothing' | 'submit' | 'cancel' | 'release';

/** One socket of one poller, from `add` to the end of its last request. */
export class Registration {
  readonly id: number;
  readonly skt: Skt;
  /** The handle by which AFD identifies the socket. */
  readonly base: HANDLE;
  token: unknown;
  interest: PreparedInterest;
  /**
   * Readiness that is not reported again. In edge mode: what was reported since the last
   * would-block or `modify`. In every mode: a connect that has ended.
   */
  alreadyReported = 0;
  /**
   * `disabled`: a spent one-shot, or a registration that reported a terminal event. It lasts until
   * `modify`.
   */
  state: 'enabled' | 'disabled' | 'removed' = 'enabled';
  /**
   * The request that this registration is a member of. `poll-requests.ts` writes it and
   * `submittedMask`.
   */
  request: PollRequest | undefined;
  /** The AFD_POLL_* bits that this request asks for. */
  submittedMask = 0;
  /** How many consecutive requests reported nothing for it. Written by `batches.ts`. */
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

  /** The current interest as bits of `Readiness`, without what was already reported. */
  get bits(): number {
    return this.interest.bits & ~this.alreadyReported;
  }

  /** What the next poll requests, as AFD_POLL_* bits. */
  get mask(): number {
    return afdMask(this.bits);
  }

  /**
   * The next step as far as this registration alone determines it. The loop also waits to submit
   * while an earlier registration of the same socket has a request. Pure.
   *
   * A submitted request is never overwritten. A request that lacks an event is cancelled, and the
   * next one is submitted after its packet was removed. A request with too many events stays
   * pending: the poller filters what it reports.
   */
  nextStep(): Step {
    const { request, state } = this;
    if (request === undefined) {
      if (state === 'enabled') return 'submit';
      return state === 'removed' ? 'release' : 'nothing';
    }
    // The request is complete but not delivered yet, or it is cancelled and its packet is on the
    // way.
    if (request.state !== 'pending') return 'nothing';
    if (state !== 'enabled') return 'cancel';
    return (this.mask & ~this.submittedMask) === 0 ? 'nothing' : 'cancel';
  }

  /** Records that this readiness was delivered. */
  delivered(ready: number): void {
    const { mode } = this.interest;
    // The end of a connect is reported only once.
    if (ready & (Readiness.connected | Readiness.connectFailed)) {
      this.alreadyReported |= Readiness.connected;
    }
    if (mode === 'edge') this.alreadyReported |= ready;
    if (mode === 'oneshot' || (ready & terminal) !== 0) this.state = 'disabled';
  }

  /** Sets the token that later events carry. */
  setToken(token: unknown): void {
    this.token = token;
  }

  /** Sets a new interest. What was already reported is reported again if it still holds. */
  change(interest: PreparedInterest): void {
    this.interest = interest;
    this.alreadyReported = 0;
    this.state = 'enabled';
  }

  /**
   * A call returned would-block, so edge mode may report this readiness again.
   *
   * @returns true if it was suppressed until now.
   */
  renew(ready: number): boolean {
    const isRenewed = (this.alreadyReported & ready & ~Readiness.connected) !== 0;
    this.alreadyReported &= ~ready | Readiness.connected;
    return isRenewed;
  }

  /** Ends the registration: it reports nothing from here on. */
  remove(): void {
    this.state = 'removed';
  }
}
