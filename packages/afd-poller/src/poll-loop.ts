import { AFD_POLL_LOCAL_CLOSE } from 'ntdllx';
import type { Direction, Skt, SktWatcher } from 'tofu-sockets';
import { batchSize, CompletionPort } from './completion-port.js';
import { directionWants, type Want, wants } from './interest.js';
import { makeWay } from './make-way.js';
import type { CheckedOptions } from './options.js';
import type { PollEvents } from './poll-events.js';
import { is, readinessOf } from './readiness.js';
import { Registration } from './registration.js';
import { SignalQueue } from './signal-queue.js';
import { keys, SharedFlags, unpackWant } from './signals.js';
import type { Completed, PollWay } from './way.js';

/** What a poller did, counted since it was made. */
export interface PollerCounts {
  /** Polls that were asked for, and those of them that NT was asked to end early. */
  submitted: number;
  cancelled: number;
  /** Packets taken off the port, and those of them that belonged to nobody. */
  packets: number;
  strays: number;
  /** Events told. */
  told: number;
}

interface Backlog<Token> {
  readonly registration: Registration<Token>;
  readonly ready: number;
  readonly cause: number;
  /** Of the interest that it was found for. */
  readonly version: number;
}

/**
 * The engine inside a poller: registrations, the line in which they wait to be looked at, and the
 * loop that takes packets. Who calls it has checked the arguments.
 *
 * A registration stands in at most one of two lines: `queue`, looked at before the port is, and
 * `later`, which was told something by this wait and joins the queue in the next one. So no list of
 * events names a registration twice, and a condition that stays true does not keep a wait busy.
 */
export class PollLoop<Token> {
  readonly port: CompletionPort;
  readonly way: PollWay;
  readonly flags = new SharedFlags();
  readonly counts: PollerCounts = { submitted: 0, cancelled: 0, packets: 0, strays: 0, told: 0 };
  readonly #options: CheckedOptions;
  readonly #bySkt = new Map<Skt, Registration<Token>>();
  readonly #byId = new Map<number, Registration<Token>>();
  /** Registrations that were removed and whose request is not over. */
  readonly #leaving = new Map<Skt, Registration<Token>>();
  /** To be looked at before the next look at the port. */
  #queue: Registration<Token>[] = [];
  /** Told by the wait that runs, or by the last one. */
  #later: Registration<Token>[] = [];
  /** The last wait returned without a look at the port. */
  #isPortDue = false;
  /** To be told by the next wait. */
  readonly #backlog: Backlog<Token>[] = [];
  readonly #signals = new SignalQueue();
  readonly #watcher: SktWatcher;
  /** Filled by the wait that runs now. */
  #events: PollEvents<Token> | undefined;
  #nextId = 1;

  /** Makes the port. @throws {NtStatusError} when NT has none left. */
  constructor(options: CheckedOptions) {
    this.#options = options;
    const { kernel } = options;
    this.port = new CompletionPort(kernel);
    const completed: Completed = (registration, events, cause) =>
      this.#completed(registration as Registration<Token>, events, cause);
    try {
      this.way = makeWay(options, this.port, completed);
    } catch (error) {
      this.port.close();
      throw error;
    }
    this.#watcher = {
      onWouldBlock: (skt, direction) => this.#blocked(skt, direction),
      onClose: (skt) => this.#closed(skt),
    };
  }

  /** How many sockets are registered. */
  get size(): number {
    return this.#bySkt.size;
  }

  /** True while {@link wait} runs. */
  get isWaiting(): boolean {
    return this.#events !== undefined;
  }

  find(skt: Skt): Registration<Token> | undefined {
    return this.#bySkt.get(skt);
  }

  /** @throws when the socket cannot be polled; nothing is left then. */
  add(skt: Skt, want: Want, token: Token): number {
    const id = this.#nextId;
    const registration = new Registration<Token>(id, skt, skt.baseHandle(), token, want);
    registration.predecessor = this.#leaving.get(skt) as Registration | undefined;
    this.way.attach(registration as Registration);
    skt.watch(this.#watcher);
    this.#nextId += 1;
    this.#bySkt.set(skt, registration);
    this.#byId.set(id, registration);
    this.#enqueue(registration);
    return id;
  }

  change(registration: Registration<Token>, want: Want): void {
    registration.change(want);
    this.#enqueue(registration);
  }

  remove(registration: Registration<Token>): void {
    registration.skt.unwatch(this.#watcher);
    this.#drop(registration);
    this.#advance(registration);
  }

  /** Fills `events`, which is empty, until there is something or the time is over. */
  wait(events: PollEvents<Token>, timeoutMs: number): void {
    this.#events = events;
    try {
      this.#waitInto(events, timeoutMs);
    } finally {
      this.#events = undefined;
    }
  }

  /**
   * Ends every request, takes its packet, and gives everything back.
   *
   * @returns how many blocks the kernel still holds: these stay allocated.
   */
  close(): number {
    this.flags.close();
    for (const registration of [...this.#bySkt.values()]) this.remove(registration);
    this.#drain();
    const held = this.way.close();
    this.port.close();
    this.#queue = [];
    this.#later = [];
    this.#backlog.length = 0;
    this.#leaving.clear();
    return held;
  }

  /** Compares the books with each other. @throws {Error} naming the first lie. */
  verify(): void {
    this.way.verify();
    const { pending } = this.way;
    const all = [...this.#bySkt.values(), ...this.#leaving.values()];
    const lent = all.filter(({ request }) => request !== 'idle').length;
    if (lent !== pending) throw new Error(`poller: ${lent} requests, ${pending} that are pending`);
  }

  #waitInto(events: PollEvents<Token>, timeoutMs: number): void {
    const { now } = this.#options;
    const deadlineMs = now() + timeoutMs;
    this.#beginWait(events);
    for (;;) {
      if (this.#isPortDue && !events.isFull) this.#takePackets(events, 0);
      this.#flush(events);
      if (events.isFull) {
        // Requests that succeed at once could fill every list: the port has its turn, too.
        this.#isPortDue = true;
        return;
      }
      const most = Math.min(events.capacity - events.length, batchSize);
      const waitMs = events.length > 0 ? 0 : Math.max(0, deadlineMs - now());
      const taken = this.#takePackets(events, waitMs);
      if (taken === most) continue;
      if (events.length > 0) return;
      // Packets that were about nobody's interest do not end a wait; a clock that is early neither.
      if (taken === 0 && now() >= deadlineMs) return;
    }
  }

  /** What the last wait told is asked about again, and what it had no room for is told. */
  #beginWait(events: PollEvents<Token>): void {
    this.#tellSignals(events);
    const told = new Set<Registration<Token>>();
    while (this.#backlog.length > 0 && !events.isFull) {
      const { registration, ready, cause, version } = this.#backlog.shift() as Backlog<Token>;
      // Removed since, or changed: then it is asked about anew. An empty place would end the wait.
      const isOver = !registration.isAlive && ready !== is.localClosed;
      if (isOver || version !== registration.version) continue;
      this.#tell(events, registration, ready, cause);
      told.add(registration);
    }
    for (const { registration } of this.#backlog) told.add(registration);
    const later = this.#later;
    this.#later = [];
    for (const registration of later) {
      // Told by this wait, or not told yet: it joins the one after.
      if (told.has(registration)) {
        this.#later.push(registration);
        continue;
      }
      registration.isTold = false;
      this.#enqueue(registration);
    }
  }

  /** Looks at each registration that is in line now; those that join meanwhile have the next turn. */
  #flush(events: PollEvents<Token>): void {
    const queue = this.#queue;
    const end = queue.length;
    let index = 0;
    try {
      for (; index < end && !events.isFull; index += 1) {
        const registration = queue[index] as Registration<Token>;
        registration.isQueued = false;
        // A change from another thread may have queued it before its packet came.
        if (!registration.isTold) this.#advance(registration);
      }
    } catch (error) {
      // It stays in line; what was found already is told first.
      (queue[index] as Registration<Token>).isQueued = true;
      if (events.length === 0) throw error;
    } finally {
      this.#queue = index === 0 ? queue : queue.slice(index);
    }
    try {
      this.way.flush();
    } catch (error) {
      if (events.length === 0) throw error;
    }
  }

  /** Does what a registration's state asks for. @throws {NtStatusError} when NT refuses. */
  #advance(registration: Registration<Token>): void {
    switch (registration.nextStep()) {
      case 'submit':
        this.counts.submitted += 1;
        this.way.submit(registration as Registration);
        break;
      case 'cancel':
        this.counts.cancelled += 1;
        this.way.cancel(registration as Registration);
        break;
      case 'release':
        this.#retire(registration);
        break;
      case 'nothing':
    }
  }

  #takePackets(events: PollEvents<Token>, waitMs: number): number {
    const most = Math.min(events.capacity - events.length, batchSize);
    const taken = this.port.remove(waitMs, most);
    this.#isPortDue = false;
    this.counts.packets += taken;
    for (let index = 0; index < taken; index += 1) this.#take(events, index);
    return taken;
  }

  #take(events: PollEvents<Token>, index: number): void {
    const port = this.port;
    switch (port.key(index)) {
      case keys.poll:
        if (!this.way.take(port.apcContext(index))) this.counts.strays += 1;
        break;
      case keys.wake:
        this.#signals.push('wake');
        break;
      case keys.post:
        this.#signals.push('post', port.status(index), port.information(index));
        break;
      case keys.change: {
        const registration = this.#byId.get(port.apcContext(index));
        if (registration !== undefined) {
          this.change(registration, unpackWant(port.information(index)));
        }
        break;
      }
      default:
        this.counts.strays += 1;
    }
    this.#tellSignals(events);
  }

  #tellSignals(events: PollEvents<Token>): void {
    this.counts.told += this.#signals.tell(events, () => this.flags.takeWake());
  }

  /** A request is over; see {@link Completed}. */
  #completed(registration: Registration<Token>, afdEvents: number, cause: number): void {
    if (!registration.isAlive) {
      this.#retire(registration);
      return;
    }
    if ((afdEvents & AFD_POLL_LOCAL_CLOSE) !== 0) {
      this.#over(registration);
      return;
    }
    const ready = readinessOf(afdEvents, registration.bits);
    if (ready === 0) {
      this.#enqueue(registration);
      return;
    }
    this.#tellSoon(registration, ready, cause);
    registration.told(ready);
    // Asked about again by the next wait, not by this one: once per list is enough.
    registration.isTold = true;
    this.#later.push(registration);
  }

  /** Tells it to the wait that runs, or to the next one. */
  #tellSoon(registration: Registration<Token>, ready: number, cause: number): void {
    const events = this.#events;
    const { version } = registration;
    if (events === undefined || events.isFull) {
      this.#backlog.push({ registration, ready, cause, version });
    } else this.#tell(events, registration, ready, cause);
  }

  #tell(
    events: PollEvents<Token>,
    registration: Registration<Token>,
    ready: number,
    cause: number,
  ): void {
    const event = events.push('socket');
    event.registration = registration;
    event.told = ready;
    event.version = registration.version;
    event.cause = cause;
    this.counts.told += 1;
  }

  /** The socket is closed, or about to be: its registration is over, and that is told if wanted. */
  #over(registration: Registration<Token>): void {
    const isWanted = (registration.want.bits & wants.localClose) !== 0;
    if (isWanted) this.#tellSoon(registration, is.localClosed, 0);
    this.#drop(registration);
    this.#advance(registration);
  }

  #closed(skt: Skt): void {
    const registration = this.#bySkt.get(skt);
    if (registration !== undefined) this.#over(registration);
  }

  /** Edge mode: a call of the socket would have blocked, so readiness is news again. */
  #blocked(skt: Skt, direction: Direction): void {
    const registration = this.#bySkt.get(skt);
    const bit = directionWants[direction];
    if (registration === undefined || (registration.muted & bit) === 0) return;
    registration.muted &= ~bit;
    this.#enqueue(registration);
  }

  #enqueue(registration: Registration<Token>): void {
    if (registration.isQueued || registration.isTold) return;
    registration.isQueued = true;
    this.#queue.push(registration);
  }

  /** From here on nothing is told of it. Its request may still be the kernel's. */
  #drop(registration: Registration<Token>): void {
    registration.isAlive = false;
    this.#bySkt.delete(registration.skt);
    this.#byId.delete(registration.id);
    if (registration.request !== 'idle') this.#leaving.set(registration.skt, registration);
  }

  /** Neither we nor the kernel need it any more; who waits for its request may have one. */
  #retire(registration: Registration<Token>): void {
    const { skt } = registration;
    this.way.release(registration as Registration);
    if (this.#leaving.get(skt) === registration) this.#leaving.delete(skt);
    const successor = this.#bySkt.get(skt);
    if (successor?.predecessor !== registration) return;
    successor.predecessor = undefined;
    this.#enqueue(successor);
  }

  /** Takes packets until the kernel has nothing of ours, or the time for that is over. */
  #drain(): void {
    const { now, closeLimitMs } = this.#options;
    const deadlineMs = now() + closeLimitMs;
    while (this.way.counts.kernels > 0) {
      const leftMs = deadlineMs - now();
      if (leftMs <= 0) return;
      const taken = this.port.remove(Math.min(leftMs, 50), batchSize);
      for (let index = 0; index < taken; index += 1) {
        if (this.port.key(index) === keys.poll) this.way.take(this.port.apcContext(index));
      }
    }
  }
}
