import { Readiness } from 'afd-poller';
import type { Direction, Skt } from 'tofu-sockets';
import { allowedBy, type ModelInterest, renewedBy, spentBy } from './rules.js';

/** A socket of the world. */
export interface ModelSocket {
  readonly id: number;
  readonly skt: Skt;
  /**
   * With the preset `self`: the number of the poller whose port the socket belongs to for life.
   */
  port: number | undefined;
  /** How often each kind of call consumed readiness. */
  readonly uses: Record<keyof typeof spentBy, number>;
  readonly registrations: Set<ModelRegistration>;
}

const silencing = Readiness.reset | Readiness.connectFailed | Readiness.refused;

/** The model's state of one registration. */
export class ModelRegistration {
  readonly socket: ModelSocket;
  readonly id: number;
  token: number;
  /** The interest of the last `add` or `modify`. */
  requested: ModelInterest;
  /** The same interest, without the parts that ended with their first event. */
  interest: ModelInterest;
  version = 0;
  disarmed = 0;
  isDisabled = false;
  isAlive = true;
  /**
   * True if its request may have been submitted already, so that readiness may be consumed before
   * it is reported.
   */
  mayBePending = false;
  /** Readiness that may have been consumed since then, as bits of `Readiness`. */
  spent = 0;
  /** Interests that another thread has posted. They take effect at an unknown moment. */
  remotes: ModelInterest[] = [];
  /**
   * True if this thread has changed the interest after such a post: the model does not know which
   * of the two is the last.
   */
  isAmbiguous = false;

  constructor(socket: ModelSocket, id: number, token: number, interest: ModelInterest) {
    this.socket = socket;
    this.id = id;
    this.token = token;
    this.requested = interest;
    this.interest = interest;
  }

  get isUncertain(): boolean {
    return this.remotes.length > 0;
  }

  /** The interest bits that may be in force. */
  get bits(): number {
    return this.interest.bits & ~this.disarmed;
  }

  /** The readiness that may be reported now. */
  get allowed(): number {
    if (!this.isUncertain) return allowedBy(this.bits);
    return this.remotes.reduce(
      (sum, { bits }) => sum | allowedBy(bits),
      allowedBy(this.interest.bits),
    );
  }

  change(interest: ModelInterest, token: number | undefined): void {
    this.requested = interest;
    this.interest = interest;
    this.version += 1;
    if (token !== undefined) this.token = token;
    this.disarmed = 0;
    this.isDisabled = false;
    if (this.isUncertain) this.isAmbiguous = true;
  }

  /** Records that an event with these bits was delivered, and ends the interests that it ends. */
  reported(bits: number): void {
    const { interest } = this;
    const isAnswered = (bits & (Readiness.connected | Readiness.connectFailed)) !== 0;
    if (isAnswered) this.interest = { ...interest, bits: interest.bits & ~Readiness.connected };
    if (interest.mode === 'oneshot' || (bits & silencing) !== 0) this.isDisabled = true;
    if (interest.mode === 'edge') this.disarmed |= bits;
    this.mayBePending = false;
    this.spent = 0;
  }

  /** Records that a call has consumed readiness. */
  spend(kind: keyof typeof spentBy): void {
    if (this.mayBePending) this.spent |= spentBy[kind];
  }

  /** Records that a call returned would-block. */
  renew(direction: Direction): void {
    this.disarmed &= ~renewedBy[direction];
  }
}
