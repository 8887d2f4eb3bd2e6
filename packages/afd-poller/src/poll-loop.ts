import { AFD_POLL_LOCAL_CLOSE, isNtError, type NTSTATUS, NtStatusError } from 'ntdllx';
import type { Direction, Skt, SktWatcher } from 'tofu-sockets';
import { tellClose, tellSubscribers, tellWake } from './channels.js';
import { batchSize, CompletionPort } from './completion-port.js';
import { drain } from './drain.js';
import { PollRefusedError } from './errors.js';
import { directionWants, type Want, wants } from './interest.js';
import { Line } from './line.js';
import type { LoopCounts } from './loop-counts.js';
import { makeWay } from './make-way.js';
import type { CheckedOptions } from './options.js';
import type { PollEvents } from './poll-events.js';
import { readinessOf } from './readiness.js';
import { Registration } from './registration.js';
import { keys, SharedFlags, unpackWant } from './signals.js';
import { Teller } from './teller.js';
import type { PollWay } from './way.js';

/** A refusal is told of after so many waits at the latest. */
const mostWaitsRefused = 64;
/** Once the time is over, or something was found, a wait looks at the port so often again. */
const lastPass = 2;

/**
 * The engine inside a poller: registrations, the line in which they wait to be looked at, and the
 * loop that takes packets. Who calls it has checked the arguments.
 */
export class PollLoop<Token> {
  readonly port: CompletionPort;
  readonly flags = new SharedFlags();
  readonly counts: LoopCounts = { submitted: 0, packets: 0, strays: 0 };
  readonly #options: CheckedOptions;
  readonly #way: PollWay;
  readonly #teller = new Teller<Token>(() => this.#takeWake());
  readonly #bySkt = new Map<Skt, Registration<Token>>();
  readonly #byId = new Map<number, Registration<Token>>();
  /** Registrations that were removed and whose request is not over. */
  readonly #leaving = new Map<Skt, Registration<Token>>();
  /** To be looked at before the next look at the port. */
  readonly #queue = new Line<Registration<Token>>();
  /** Of these, who was ready when the list was full: before all others, or never, by bad luck. */
  readonly #overdue = new Line<Registration<Token>>();
  /** The last wait filled its list without a look at the port. */
  #isPortDue = false;
  /** The first request of this wait that NT did not take. */
  #refusal: PollRefusedError | undefined;
  /** How many waits in a row had one, and had something else to tell. */
  #waitsRefused = 0;
  readonly #watcher: SktWatcher;
  #nextId = 1;

  /** Makes the port. @throws {NtStatusError} when NT has none left; nothing is left then. */
  constructor(options: CheckedOptions) {
    this.#options = options;
    this.port = new CompletionPort(options.kernel);
    try {
      this.#way = makeWay(options, this.port, {
        completed: (each, events, cause) =>
          this.#completed(each as Registration<Token>, events, cause),
        refused: (each, status, call = 'NtDeviceIoControlFile') =>
          this.#refused(each as Registration<Token>, call, status),
      });
    } catch (error) {
      this.port.close();
      throw error;
    }
    this.#watcher = {
      onWouldBlock: (skt, direction) => this.#blocked(skt, direction),
      onClose: (skt) => this.#closed(skt),
    };
  }

  /** What the way of polling holds. */
  get way(): Pick<
    PollWay,
    'name' | 'pending' | 'counts' | 'helpers' | 'requests' | 'cancelled' | 'gathered'
  > {
    return this.#way;
  }

  /** How many events were told. */
  get told(): number {
    return this.#teller.told;
  }

  /** How many sockets are registered. */
  get size(): number {
    return this.#bySkt.size;
  }

  /** True while {@link wait} runs. */
  get isWaiting(): boolean {
    return this.#teller.isWaiting;
  }

  find(skt: Skt): Registration<Token> | undefined {
    return this.#bySkt.get(skt);
  }

  /** @throws when the socket cannot be polled; nothing is left then. */
  add(skt: Skt, want: Want, token: Token): number {
    const id = this.#nextId;
    const registration = new Registration<Token>(id, skt, skt.baseHandle(), token, want);
    registration.predecessor = this.#leaving.get(skt) as Registration | undefined;
    // Refused for a socket that is closing: nothing may then be left of it here.
    skt.watch(this.#watcher);
    try {
      this.#way.attach(registration as Registration);
    } catch (error) {
      skt.unwatch(this.#watcher);
      throw error;
    }
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
    if (this.#waitsRefused >= mostWaitsRefused) this.#tellRefusal();
    try {
      this.#refusal = undefined;
      const rested = this.#teller.begin(events);
      for (let index = 0; index < rested.length; index += 1) this.#enqueue(rested.at(index));
      this.#waitInto(events, timeoutMs);
      this.#waitsRefused = this.#refusal === undefined ? 0 : this.#waitsRefused + 1;
    } catch (error) {
      if (error !== this.#refusal) this.#recover();
      throw error;
    } finally {
      this.#teller.end();
    }
  }

  /** So long there was always something else to tell. */
  #tellRefusal(): void {
    this.#waitsRefused = 0;
    const refusal = this.#refusal;
    if (refusal !== undefined && this.#bySkt.has(refusal.skt)) throw refusal;
  }

  /** Something threw in the middle, such as a stack that was full: everybody is asked about again. */
  #recover(): void {
    this.#way.reset();
    for (const registration of this.#bySkt.values()) {
      if (registration.request === 'idle') this.#enqueue(registration);
    }
    for (const registration of [...this.#leaving.values()]) {
      if (registration.request === 'idle') this.#retire(registration);
    }
  }

  /**
   * Ends every request, takes its packet, and gives everything back.
   *
   * @returns how many blocks the kernel still holds: these stay allocated.
   */
  close(): number {
    this.flags.close();
    const registrations = this.size;
    for (const registration of [...this.#bySkt.values()]) this.remove(registration);
    let held = 0;
    try {
      drain(this.port, this.#way, this.#options.now, this.#options.closeLimitMs);
    } finally {
      this.#way.closeHandles();
      try {
        // Under Wine that ends what is pending on them.
        drain(this.port, this.#way, this.#options.now, 0);
      } finally {
        this.port.close();
        this.#queue.clear();
        this.#overdue.clear();
        this.#teller.close();
        this.#leaving.clear();
        held = this.#way.free();
        tellClose(this.port.handle, registrations, held);
      }
    }
    return held;
  }

  /** Compares the books with each other. @throws {Error} naming the first lie. */
  verify(): void {
    this.#way.verify();
    const { pending } = this.#way;
    const all = [...this.#bySkt.values(), ...this.#leaving.values()];
    const lent = all.filter(({ request }) => request !== 'idle').length;
    if (lent !== pending) throw new Error(`poller: ${lent} requests, ${pending} that are pending`);
  }

  #takeWake(): number {
    const bits = this.flags.takeWake();
    tellWake(this.port.handle, bits);
    return bits;
  }

  #waitInto(events: PollEvents<Token>, timeoutMs: number): void {
    const { now } = this.#options;
    const deadlineMs = now() + timeoutMs;
    let hasLooked = false;
    for (let pass = 0; ; pass += 1) {
      if (this.#isPortDue && !events.isFull) {
        this.#takePackets(events, 0);
        hasLooked = true;
      }
      this.#flush(events);
      if (events.isFull) {
        // Requests that succeed at once could fill every list: the port has its turn, too.
        this.#isPortDue = !hasLooked;
        return;
      }
      const isEnough = events.length > 0 || this.#refusal !== undefined;
      const most = Math.min(events.capacity - events.length, batchSize);
      const taken = this.#takePackets(events, isEnough ? 0 : Math.max(0, deadlineMs - now()));
      hasLooked = true;
      if (events.length > 0) {
        if (taken < most || pass >= lastPass) return;
        continue;
      }
      if (this.#refusal !== undefined) throw this.#refusal;
      // Packets that were about nobody's interest do not end a wait, unless they never end; a clock
      // that is early does not end it either. One that says NaN does.
      if (!(now() < deadlineMs) && (taken === 0 || pass >= lastPass)) {
        events.isTimedOut = true;
        return;
      }
    }
  }

  /** Looks at each registration that is in line now; those that join meanwhile have the next turn. */
  #flush(events: PollEvents<Token>): void {
    this.#flushLine(this.#overdue, events);
    this.#flushLine(this.#queue, events);
    this.#way.flush();
  }

  #flushLine(line: Line<Registration<Token>>, events: PollEvents<Token>): void {
    for (let turns = line.length; turns > 0 && !events.isFull; turns -= 1) {
      const registration = line.shift();
      registration.isQueued = false;
      // A change from another thread may have queued it before its packet came.
      if (!registration.isResting) this.#advance(registration);
    }
  }

  /** Does what a registration's state asks for. One that NT refuses does not stop the others. */
  #advance(registration: Registration<Token>): void {
    switch (registration.nextStep()) {
      case 'submit':
        this.counts.submitted += 1;
        this.#way.submit(registration as Registration);
        break;
      case 'cancel':
        this.#cancel(registration);
        break;
      case 'release':
        this.#retire(registration);
        break;
      case 'nothing':
    }
  }

  #cancel(registration: Registration<Token>): void {
    const status = this.#way.cancel(registration as Registration);
    if (isNtError(status)) this.#refused(registration, 'NtCancelIoFileEx', status);
  }

  /** NT did not take a request: it is tried again by the next wait, and told of by this one. */
  #refused(registration: Registration<Token>, call: string, status: NTSTATUS): void {
    this.#enqueue(registration);
    if (!registration.isAlive) return;
    this.#refusal ??= new PollRefusedError(registration, new NtStatusError(call, status));
  }

  #takePackets(events: PollEvents<Token>, waitMs: number): number {
    const most = Math.min(events.capacity - events.length, batchSize);
    let taken = 0;
    try {
      taken = this.port.remove(waitMs, most);
    } catch (error) {
      // What was found already is told first.
      if (events.length === 0) throw error;
    }
    this.#isPortDue = false;
    this.counts.packets += taken;
    for (let index = this.port.next(); index !== -1; index = this.port.next()) this.#take(index);
    return taken;
  }

  #take(index: number): void {
    const { port } = this;
    switch (port.key(index)) {
      case keys.poll:
        if (!this.#way.take(port.apcContext(index))) this.counts.strays += 1;
        break;
      case keys.wake:
        this.#teller.tellWake();
        break;
      case keys.post:
        this.#teller.tellPost(port.status(index), port.information(index));
        break;
      case keys.change: {
        const changed = this.#byId.get(port.apcContext(index));
        if (changed !== undefined) this.change(changed, unpackWant(port.information(index)));
        break;
      }
      default:
        this.counts.strays += 1;
    }
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
    if (ready === 0) this.#enqueue(registration);
    else if (!this.#teller.tell(registration, ready, cause)) {
      this.#enqueue(registration, this.#overdue);
    }
  }

  /** The socket is closed, or about to be: its registration is over, and that is told if wanted. */
  #over(registration: Registration<Token>): void {
    const isWanted = (registration.want.bits & wants.localClose) !== 0;
    if (isWanted) this.#teller.tellClosed(registration);
    this.#drop(registration);
    this.#advance(registration);
  }

  #closed(skt: Skt): void {
    const registration = this.#bySkt.get(skt);
    if (registration !== undefined) this.#over(registration);
    if (!this.isWaiting) tellSubscribers();
  }

  /** A call of the socket would have blocked. */
  #blocked(skt: Skt, direction: Direction): void {
    const registration = this.#bySkt.get(skt);
    if (registration === undefined) return;
    const bit = directionWants[direction];
    // Edge mode: readiness of this kind is news again.
    const isMuted = (registration.muted & bit) !== 0;
    registration.muted &= ~bit;
    // A poll made before the connect began may never hear of it: it is made again.
    const isEarly = direction === 'connect' && registration.request === 'pending';
    if (isEarly) registration.armedMask = 0;
    if (isMuted || isEarly) this.#enqueue(registration);
  }

  #enqueue(registration: Registration<Token>, line = this.#queue): void {
    if (registration.isQueued || registration.isResting) return;
    line.push(registration);
    registration.isQueued = true;
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
    this.#way.release(registration as Registration);
    if (this.#leaving.get(skt) === registration) this.#leaving.delete(skt);
    const successor = this.#bySkt.get(skt);
    if (successor?.predecessor !== registration) return;
    successor.predecessor = undefined;
    this.#enqueue(successor);
  }
}
