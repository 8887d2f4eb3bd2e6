import { largestTake } from 'nt-afd';
import { AFD_POLL_LOCAL_CLOSE, isNtError, isNtStatusError } from 'ntdllx';
import { unpackInterest } from './interest.js';
import type { LoopCounts, LoopParts } from './loop-parts.js';
import { PostedPacket, PostedPackets, packetKey } from './packets.js';
import type { PollEvents } from './poll-events.js';
import { isClosedHandle } from './poll-handles.js';
import { PollRequest } from './poll-request.js';
import { isFailed } from './poll-requests.js';
import { Queue } from './queue.js';
import { Readiness, readinessOf } from './readiness.js';
import type { Registration } from './registration.js';

/**
 * One pass of a wait is flush, take and drain, in this order.
 *
 *     add, modify, would-block ─▶ queue ─flush─▶ request ─▶ kernel ─take─▶ finished ─drain─▶ events
 *                                                   │                         ▲
 *                                                   └──── complete at once ───┘
 *
 * A pass calls no code of the caller. Drain puts each registration that needs another poll into
 * the queue, and only the next flush empties the queue. Therefore a pass delivers a socket at most
 * once.
 */
export class PollLoop {
  readonly counts: LoopCounts = { submitted: 0, packets: 0, unknown: 0, delivered: 0 };
  readonly #parts: LoopParts;
  /** Registrations that the next flush has to process. */
  readonly #queue = new Queue<Registration>();
  /**
   * What drain delivers: complete requests, posted packets, registrations with a closed socket.
   */
  readonly #finished = new Queue<PollRequest | PostedPacket | Registration>();
  /** How many socket events `#finished` holds, before the interests filter them. */
  #ready = 0;
  readonly #posted = new PostedPackets();
  /** The last list had a capacity of 1, and a wake event filled it. */
  #wasWakeAlone = false;

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  /** True if drain has something to deliver. */
  get hasFinished(): boolean {
    return this.#finished.length > 0 || this.#parts.flags.isWakePending;
  }

  /** True if a wait has something to submit or to deliver without a new packet from the kernel. */
  get hasWork(): boolean {
    return this.#queue.length > 0 || this.hasFinished;
  }

  /** Puts a registration into the queue of the next flush. */
  enqueue(registration: Registration): void {
    if (registration.isQueued) return;
    this.#queue.push(registration);
    registration.isQueued = true;
  }

  /**
   * Submits requests for the queued registrations. Stops when `#finished` has as many events as
   * fit into the list: otherwise sockets that are always ready would be polled long before they
   * are delivered. After an error every registration is still queued.
   *
   * @param room how many events fit into the list.
   */
  flush(room: number): void {
    const { batches } = this.#parts;
    const queue = this.#queue;
    let registration: Registration | undefined;
    try {
      batches.coalesce();
      for (let turns = queue.length; turns > 0 && this.#ready < room; turns -= 1) {
        registration = queue.shift();
        registration.isQueued = false;
        this.advance(registration);
      }
      for (let each = batches.takePartial(); each !== undefined; each = batches.takePartial()) {
        this.#submit(each);
      }
    } catch (error) {
      if (registration !== undefined) this.enqueue(registration);
      for (let each = batches.takePartial(); each !== undefined; each = batches.takePartial()) {
        this.#requeue(each);
      }
      throw error;
    }
  }

  /** Performs the next step of a registration. */
  advance(registration: Registration): void {
    const { registry, batches, requests } = this.#parts;
    switch (registration.nextStep()) {
      case 'submit': {
        if (registry.mustWait(registration)) return;
        const full = batches.join(registration);
        if (full !== undefined) this.#submit(full);
        break;
      }
      case 'cancel': {
        const { request } = registration;
        // NT refused to cancel. The next flush tries again.
        if (request && isNtError(requests.cancel(request))) this.enqueue(registration);
        break;
      }
      case 'release':
        this.#afterRequest(registration);
        break;
      case 'nothing':
    }
  }

  /**
   * Removes packets from the port, with several calls if the list has room for more packets than
   * one call takes. Blocks.
   * @param waitMs how long the first call waits. @param room how many events fit into the list.
   * @throws {NtStatusError} when NT refuses and there is nothing to deliver.
   */
  take(waitMs: number, room: number): void {
    const { port } = this.#parts;
    let leftMs = waitMs;
    try {
      for (let looks = Math.ceil(room / largestTake); looks > 0; looks -= 1) {
        const taken = port.take(leftMs);
        this.counts.packets += taken;
        for (let index = port.next(); index !== -1; index = port.next()) this.#receive(index);
        if (taken < largestTake || this.#ready >= room) return;
        leftMs = 0;
      }
    } catch (error) {
      if (!(isNtStatusError(error) && this.hasFinished)) throw error;
    }
  }

  /**
   * Moves finished events into an empty list until the list is full. The rest is carried over to
   * the next wait.
   */
  drain(events: PollEvents): void {
    const { flags, log } = this.#parts;
    const finished = this.#finished;
    // Repeated wakes must not fill a list of capacity 1 for ever.
    const isOthersTurn = this.#wasWakeAlone && finished.length > 0;
    this.#wasWakeAlone = false;
    // The flag is tested, because the wake's packet may be queued behind those of all ready
    // sockets.
    if (flags.isWakePending && !isOthersTurn) {
      this.#wasWakeAlone = events.capacity === 1;
      const bits = flags.takeWake();
      events.addWake(bits);
      log.wake(bits);
    }
    while (finished.length > 0 && !events.isFull) {
      const first = finished.at(0);
      if (first instanceof PollRequest) {
        if (!this.#deliver(first, events)) break;
      } else if (first instanceof PostedPacket) {
        events.addPost(first.type, first.value);
        this.#posted.giveBack(first);
      } else {
        events.addSocket(first, Readiness.localClosed, 0);
        this.#ready -= 1;
      }
      finished.shift();
    }
    this.counts.delivered += events.length;
  }

  /** Ends a registration: none of its events is delivered from here on. */
  remove(registration: Registration): void {
    registration.remove();
    this.#parts.registry.remove(registration);
    try {
      this.advance(registration);
    } catch (error) {
      this.enqueue(registration);
      throw error;
    }
  }

  /**
   * Handles a socket that was closed without being removed: removes it, and reports the close if
   * the interest includes `localClosed`.
   */
  closed(registration: Registration): void {
    if (registration.state === 'removed') {
      this.#afterRequest(registration);
      return;
    }
    if ((registration.interest.bits & Readiness.localClosed) !== 0) {
      this.#finished.push(registration);
      this.#ready += 1;
    }
    this.remove(registration);
  }

  /** Drops all queued work, because the poller is closed. */
  clear(): void {
    this.#queue.clear();
    this.#finished.clear();
    this.#ready = 0;
  }

  /** Checks that the state is consistent. @throws {Error} naming the first inconsistency. */
  verify(): void {
    const { requests, registry } = this.#parts;
    requests.verify();
    const all = [...registry.all, ...registry.deletePending];
    const lent = all.filter(({ request }) => request !== undefined && request.state !== 'ours');
    if (lent.length !== requests.pending) {
      const count = requests.pending;
      throw new Error(`poller: ${lent.length} sockets have a pending request, but ${count} count`);
    }
    let ready = 0;
    for (let index = 0; index < this.#finished.length; index += 1) {
      const each = this.#finished.at(index);
      if (each instanceof PollRequest) ready += each.reported;
      else if (!(each instanceof PostedPacket)) ready += 1;
    }
    if (ready !== this.#ready) {
      throw new Error(`poller: ${ready} events are finished, but the counter is ${this.#ready}`);
    }
    for (const each of all) {
      const isStuck = each.nextStep() !== 'nothing' && !each.isQueued && !registry.mustWait(each);
      if (isStuck)
        throw new Error(`poller: registration ${each.id} has a next step, but is not queued`);
    }
  }

  #receive(index: number): void {
    const { port, requests, registry } = this.#parts;
    switch (port.key(index)) {
      case packetKey.poll: {
        const request = requests.findCompleted(port.apcContext(index));
        if (request === undefined) {
          this.counts.unknown += 1;
        } else {
          requests.complete(request);
          this.#handleCompleted(request);
        }
        break;
      }
      case packetKey.wake:
        // The packet only ends a wait that blocks. Drain reads the wake itself from the flag.
        break;
      case packetKey.post:
        // A post does not count as ready: endless posts must not keep the sockets from being
        // polled.
        this.#finished.push(this.#posted.take(port.status(index), port.information(index)));
        break;
      case packetKey.change: {
        const registration = registry.findById(port.apcContext(index));
        if (registration === undefined) break;
        registration.change(unpackInterest(port.information(index)));
        this.enqueue(registration);
        break;
      }
      case packetKey.remove: {
        const registration = registry.findById(port.apcContext(index));
        if (registration !== undefined) this.remove(registration);
        break;
      }
      default:
        this.counts.unknown += 1;
    }
  }

  #submit(request: PollRequest): void {
    const { requests, batches } = this.#parts;
    try {
      requests.submit(request);
    } catch (error) {
      this.#requeue(request);
      throw error;
    }
    if (isFailed(request)) {
      if (request.members.length > 1) this.#split(request);
      else this.#refused(request);
      return;
    }
    this.counts.submitted += request.members.length;
    if (request.state === 'pending') batches.pends(request);
    else this.#handleCompleted(request);
  }

  /** NT refuses a whole request for one bad socket: submits halves until that socket is alone. */
  #split(request: PollRequest): void {
    const { requests } = this.#parts;
    const { length } = request.members;
    const [first, second] = [requests.create(), requests.create()];
    while (request.handled < length) {
      const half = request.handled < length / 2 ? first : second;
      half.members.push(requests.next(request));
    }
    this.#release(request);
    try {
      this.#submit(first);
    } catch (error) {
      this.#requeue(second);
      throw error;
    }
    this.#submit(second);
  }

  /** NT refused to poll the only member of this request. */
  #refused(request: PollRequest): void {
    const { requests, batches } = this.#parts;
    if (isClosedHandle(request.status) && !request.isHandleLost) {
      const member = requests.next(request);
      this.#release(request);
      this.closed(member);
      return;
    }
    batches.quarantine(request.members.at(0));
    this.#finished.push(request);
    this.#ready += request.reported;
  }

  /** Handles a request that has completed. `drain` delivers its events, if any, later. */
  #handleCompleted(request: PollRequest): void {
    const { batches } = this.#parts;
    const { members } = request;
    batches.ended(request);
    if (isFailed(request) && members.length === 1) {
      this.#refused(request);
    } else if (isFailed(request)) {
      // Each member is polled alone, to find the one that caused the failure.
      for (let index = 0; index < members.length; index += 1) batches.quarantine(members.at(index));
      this.#requeue(request);
    } else if (request.reported === 0) {
      while (request.handled < members.length) this.#settle(request, 0);
      this.#release(request);
    } else {
      this.#finished.push(request);
      this.#ready += request.reported;
    }
  }

  /** Delivers a complete request. @returns false when the list is full and members are left. */
  #deliver(request: PollRequest, events: PollEvents): boolean {
    const { requests } = this.#parts;
    const { members } = request;
    const isRefused = isFailed(request);
    requests.read(request);
    while (request.handled < members.length) {
      // Remaining members that report nothing need no room in the list.
      if (events.isFull && request.reported > 0) return false;
      const { handled, reported } = request;
      const afdEvents = requests.events(handled);
      const cause = isRefused ? request.status : requests.cause(handled);
      const member = this.#settle(request, afdEvents);
      this.#ready -= reported - request.reported;
      if (member.state !== 'enabled') continue;
      if ((afdEvents & AFD_POLL_LOCAL_CLOSE) !== 0) {
        this.closed(member);
        continue;
      }
      const ready = isRefused ? Readiness.refused : readinessOf(afdEvents, member.bits);
      if (ready === 0) continue;
      events.addSocket(member, ready, cause);
      member.delivered(ready);
    }
    this.#ready -= request.reported;
    this.#release(request);
    return true;
  }

  /** Detaches the next member from its complete request, and queues it for its next poll. */
  #settle(request: PollRequest, afdEvents: number): Registration {
    const { requests, batches } = this.#parts;
    const member = requests.next(request);
    batches.observe(member, request, afdEvents);
    this.#afterRequest(member);
    return member;
  }

  /** Queues or releases a registration whose request has ended. */
  #afterRequest(registration: Registration): void {
    if (registration.state === 'enabled') this.enqueue(registration);
    if (registration.state !== 'removed') return;
    const successor = this.#parts.registry.release(registration);
    if (successor !== undefined) this.enqueue(successor);
  }

  /** Puts all sockets of a request back into the queue. */
  #requeue(request: PollRequest): void {
    const { requests } = this.#parts;
    while (request.handled < request.members.length) this.#afterRequest(requests.next(request));
    this.#release(request);
  }

  #release(request: PollRequest): void {
    const { requests, batches } = this.#parts;
    batches.forget(request);
    requests.release(request);
  }
}
