import type { HANDLE } from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import { afdMask, type Want, wants } from './interest.js';
import { is, terminal, wantsTold } from './readiness.js';

/** Where the request of a registration stands. */
export type RequestState =
  /** There is none; the block, if there is one, is ours. */
  | 'idle'
  /** The kernel has it. */
  | 'pending'
  /** The kernel has it and was asked to end it; its packet is still to come. */
  | 'cancelling';

/** What is to be done about a registration. */
export type Step = 'nothing' | 'submit' | 'cancel' | 'release';

/** One socket in one poller, from `add` to the end of its last request. */
export class Registration<Token = unknown> {
  readonly id: number;
  readonly skt: Skt;
  /** The handle that AFD knows the socket by. */
  readonly base: HANDLE;
  token: Token;
  want: Want;
  /** Counts the changes of {@link want} by its owner. */
  version = 0;
  /** Interests that edge mode told of and that no would-block has renewed yet. */
  muted = 0;
  /** Told, in one-shot mode, or told of its end: not polled again until `modify`. */
  isSilent = false;
  /** False from `remove`, or from the close of its socket: nothing is told any more. */
  isAlive = true;
  request: RequestState = 'idle';
  /** What the pending request asks for. */
  armedMask = 0;
  /** Waits in line to be looked at before the next wait. */
  isQueued = false;
  /** Told by the wait that runs, or by the last one: looked at by the next one, and not before. */
  isResting = false;
  /** An earlier registration of the same socket whose request is not over yet. */
  predecessor: Registration | undefined;
  /** Of the way of polling: its block, and its place. */
  block = -1;
  place = -1;
  /** Of the group way: NT refused a request about it alone. */
  isSuspect = false;
  /** How many requests about it ended without an event, since the last one that had one. */
  silentRounds = 0;
  /** Of the group way, while the output of a request is handed out: what it said. */
  saidEvents = 0;
  saidCause = 0;

  constructor(id: number, skt: Skt, base: HANDLE, token: Token, want: Want) {
    this.id = id;
    this.skt = skt;
    this.base = base;
    this.token = token;
    this.want = want;
  }

  /** The interests that are in force now. */
  get bits(): number {
    return this.want.bits & ~this.muted;
  }

  /** What AFD is to be asked for. */
  get mask(): number {
    return afdMask(this.bits);
  }

  /**
   * The whole state machine: what is to be done, looking at nothing but this.
   *
   * A pending request is never written over: one that asks for too little is cancelled, and only
   * when its packet came is the next one made. One that asks for too much is left alone; what it
   * tells is filtered.
   */
  nextStep(): Step {
    if (!this.isAlive || this.isSilent) {
      if (this.request === 'pending') return 'cancel';
      return this.request === 'idle' && !this.isAlive ? 'release' : 'nothing';
    }
    if (this.request === 'idle') return this.predecessor === undefined ? 'submit' : 'nothing';
    if (this.request === 'pending' && (this.mask & ~this.armedMask) !== 0) return 'cancel';
    return 'nothing';
  }

  /** The registration was told this: what it is not to be asked about again. */
  told(ready: number): void {
    const { bits, mode } = this.want;
    if (ready & (is.connected | is.connectFailed)) {
      this.want = { bits: bits & ~wants.connect, mode };
    }
    if (mode === 'oneshot' || ready & terminal) this.isSilent = true;
    if (mode === 'edge') this.muted |= wantsTold(ready);
  }

  /** A new interest: what was told before is told again if it is still true. */
  change(want: Want): void {
    this.want = want;
    this.version += 1;
    this.muted = 0;
    this.isSilent = false;
  }
}
