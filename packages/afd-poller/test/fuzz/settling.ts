import { Readiness } from 'afd-poller';
import type { Injection, Injections } from 'sim-nt';
import type { Choices } from 'test-kit';
import { claim } from './claim.js';
import type { ModelPoller } from './poller-model.js';
import type { ModelRegistration } from './registration-model.js';
import { inWords, reportedOf } from './rules.js';
import { count } from './situations.js';
import type { SeenEvent } from './wait-model.js';
import type { World } from './world.js';

const is64 = 3;

/**
 * Lets a world settle: everything on the way arrives, and no more faults are injected. Then all
 * readiness that is true and requested must be reported: in level mode by every wait, in the other
 * modes at least once.
 */
export class Settling {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  settle(choices: Choices): void {
    const { sim, inject, pollers } = this.#world;
    const off = Object.keys(inject).map((name) => [name, 0] as [Injection, number]);
    sim.inject(Object.fromEntries(off) as Partial<Injections>);
    // Delayed completions arrive within 3 ms, and so do the calls of other threads.
    sim.advance(10);
    sim.deliver();
    for (const poller of pollers) {
      this.#dropWhatIsClosed(poller);
      if (choices.chance(0.3)) this.#settleByOnes(poller);
      this.#settlePoller(poller);
    }
    sim.inject(inject);
  }

  #wait(poller: ModelPoller, place: number): SeenEvent[] {
    const list = poller.lists[place] as ModelPoller['lists'][number];
    const seen = this.#world.waits.wait(poller, 0, list);
    this.#world.verify();
    return seen;
  }

  /** The bits that must be reported for a registration now. */
  #due(registration: ModelRegistration, interest: number): number {
    if (registration.isDisabled) return 0;
    return reportedOf(this.#world.sim.bitsOf(registration.socket.skt.socket), interest);
  }

  /** Checks that every socket is reported in turn with a list of capacity 1. */
  #settleByOnes(poller: ModelPoller): void {
    const places = poller.bySocket.size + poller.posts.length + poller.closing.size + 2;
    const reported = new Set<ModelRegistration | undefined>();
    for (let turn = 0; turn < 6 * places; turn += 1) {
      for (const { registration } of this.#wait(poller, 0)) reported.add(registration);
    }
    this.#checkSignals(poller, 'with a list of one place');
    for (const registration of poller.bySocket.values()) {
      if (registration.isUncertain || reported.has(registration)) continue;
      const due = this.#due(registration, registration.bits);
      claim(due === 0, 'missing report', () => `${inWords(due)}: no turn in ${6 * places}`);
    }
  }

  #settlePoller(poller: ModelPoller): void {
    const rounds = 4 + Math.ceil(poller.posts.length / 32);
    for (let round = 0; round < rounds; round += 1) this.#wait(poller, is64);
    this.#checkSignals(poller, 'after four waits');
    this.#dropWhatIsClosed(poller);
    const due = new Map<ModelRegistration, number>();
    for (const registration of poller.bySocket.values()) {
      const interest = registration.isUncertain
        ? (registration.remotes.at(-1)?.bits ?? 0)
        : registration.bits;
      due.set(registration, this.#due(registration, interest));
    }
    const reported = new Map<ModelRegistration | undefined, number>();
    for (const { registration, bits } of this.#wait(poller, is64)) reported.set(registration, bits);
    for (const [registration, bits] of due) {
      this.#checkReported(registration, bits, reported.get(registration) ?? 0);
    }
    for (const registration of [...poller.bySocket.values()]) {
      if (registration.isUncertain) this.#makeCertain(poller, registration);
    }
    count(this.#world.situations, 'settled');
  }

  #checkReported(registration: ModelRegistration, due: number, reported: number): void {
    const { remotes, isUncertain, isAmbiguous, socket } = registration;
    const { mode, bits } = (isUncertain ? remotes.at(-1) : undefined) ?? registration.interest;
    const what = () =>
      `${inWords(reported)} instead of ${inWords(due)}, ${mode}, interest ${bits}, ${socket.id}`;
    if (isUncertain) {
      // The model does not know whether the end or the connect was reported. It knows all else.
      const isKnown = !isAmbiguous && mode === 'level' && (reported & ~due) === 0;
      const ends = Readiness.reset | Readiness.connectFailed;
      const once = ends | Readiness.connected;
      const isEnd = (due & ends) !== 0;
      const missing = isEnd || !isKnown ? 0 : due & ~reported & ~once;
      claim(missing === 0, 'missing report', what);
      if (isKnown) count(this.#world.situations, 'remote change that is certain');
      return;
    }
    if (mode === 'level') claim((due & ~reported) === 0, 'missing report', what);
    else claim(due === 0, 'missing report', what);
    claim(reported === (mode === 'level' ? due : 0), 'false report', what);
  }

  #checkSignals({ wakes, posts, closing }: ModelPoller, when: string): void {
    claim(wakes.must === 0, 'wake lost', () => `bits ${wakes.must}, ${when}`);
    claim(posts.length === 0, 'post lost or out of order', () => `${posts.length}, ${when}`);
    claim(closing.size === 0, 'missing report', () => `a local close, ${when}`);
  }

  /**
   * After a change by another thread, changes the interest from this thread, so that the model
   * knows the state again.
   */
  #makeCertain(poller: ModelPoller, registration: ModelRegistration): void {
    const interest = registration.remotes.at(-1) ?? registration.interest;
    registration.remotes = [];
    registration.isAmbiguous = false;
    poller.modify(registration, interest, false);
  }

  /** If a registration's state is uncertain, the report of its close is uncertain, too. */
  #dropWhatIsClosed(poller: ModelPoller): void {
    for (const registration of [...poller.closing]) {
      if (registration.isUncertain) poller.closing.delete(registration);
    }
  }
}
