import { Readiness } from 'afd-poller';
import type { Direction, Skt } from 'tofu-sockets';
import { allowedBy, type ModelWant, renewedBy, spentBy } from './rules.js';

/** A socket of the world. */
export interface ModelSocket {
  readonly id: number;
  readonly skt: Skt;
  /** With the preset `self`: the number of the poller whose port it belongs to, for life. */
  port: number | undefined;
  /** How often each kind of call used something up. */
  readonly uses: Record<keyof typeof spentBy, number>;
  readonly registrations: Set<ModelRegistration>;
}

const silencing = Readiness.reset | Readiness.connectFailed | Readiness.refused;

/** What the model knows of one registration. */
export class ModelRegistration {
  readonly socket: ModelSocket;
  readonly id: number;
  token: number;
  /** What it was made with, or changed to. */
  asked: ModelWant;
  /** The same, without interests that end with their first event. */
  want: ModelWant;
  version = 0;
  disarmed = 0;
  isDisabled = false;
  isAlive = true;
  /** Its request may have been made already: what it finds may be used up before it is reported. */
  mayBePending = false;
  /** What may have been used up since, as bits of `Readiness`. */
  spent = 0;
  /** Interests that another thread posted and that count from an unknown moment on. */
  remotes: ModelWant[] = [];
  /** Changed here after such a post: which of the two comes last is not known. */
  isAmbiguous = false;

  constructor(socket: ModelSocket, id: number, token: number, want: ModelWant) {
    this.socket = socket;
    this.id = id;
    this.token = token;
    this.asked = want;
    this.want = want;
  }

  get isUncertain(): boolean {
    return this.remotes.length > 0;
  }

  /** The interests in force. */
  get bits(): number {
    return this.want.bits & ~this.disarmed;
  }

  /** What may be reported now. */
  get allowed(): number {
    if (!this.isUncertain) return allowedBy(this.bits);
    return this.remotes.reduce((sum, { bits }) => sum | allowedBy(bits), allowedBy(this.want.bits));
  }

  change(want: ModelWant, token: number | undefined): void {
    this.asked = want;
    this.want = want;
    this.version += 1;
    if (token !== undefined) this.token = token;
    this.disarmed = 0;
    this.isDisabled = false;
    if (this.isUncertain) this.isAmbiguous = true;
  }

  /** An event with these bits was delivered: ends what it ends. */
  reported(bits: number): void {
    const { want } = this;
    const isAnswered = (bits & (Readiness.connected | Readiness.connectFailed)) !== 0;
    if (isAnswered) this.want = { ...want, bits: want.bits & ~Readiness.connected };
    if (want.mode === 'oneshot' || (bits & silencing) !== 0) this.isDisabled = true;
    if (want.mode === 'edge') this.disarmed |= bits;
    this.mayBePending = false;
    this.spent = 0;
  }

  /** A call used something up. */
  spend(kind: keyof typeof spentBy): void {
    if (this.mayBePending) this.spent |= spentBy[kind];
  }

  /** A call would have blocked. */
  renew(direction: Direction): void {
    this.disarmed &= ~renewedBy[direction];
  }
}
