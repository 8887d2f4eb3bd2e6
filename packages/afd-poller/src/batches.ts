import { isNtError } from 'ntdllx';
import type { PollRequest } from './poll-request.js';
import type { PollRequests } from './poll-requests.js';
import type { Registration } from './registration.js';

/** A registration of which this many requests in a row reported nothing is idle. */
const roundsUntilIdle = 2;
/** `idleRounds` of a registration that NT refused to poll: it is polled alone, so as not to cost others. */
const quarantined = -1;
/** So many partial requests are fine, however old; fewer where a handle takes few requests. */
const maxPartial = 16;
/** See {@link Batches.coalesce}. */
const flushesPerPartial = 16;
const leastFlushes = 64;
/** How many requests are looked at in one flush for one to be coalesced with. */
const largestLook = 64;
/** `submittedAtFlush` of a request that is full, or does not pend. */
const notPartial = -1;

/**
 * Which sockets share a request. Sockets that were ready lately are batched with each other, and idle
 * ones with each other: so those that are ready together are asked about together, and one that is ready
 * alone ends in a request of its own instead of taking 63 others along.
 */
export class Batches {
  readonly #requests: PollRequests;
  readonly #socketsPerRequest: number;
  readonly #maxPartial: number;
  /** To be submitted when they are full, or at the end of the flush. */
  #active: PollRequest | undefined;
  #idle: PollRequest | undefined;
  /** Requests that pend and have room for more, in the order in which they were submitted. */
  #oldest: PollRequest | undefined;
  #newest: PollRequest | undefined;
  #partial = 0;
  #flushes = 0;
  /** How many requests were cancelled only to put their sockets together with others. */
  coalesced = 0;

  constructor(requests: PollRequests, socketsPerRequest: number, requestsPerHandle: number) {
    this.#requests = requests;
    this.#socketsPerRequest = socketsPerRequest;
    this.#maxPartial = Math.min(maxPartial, Math.ceil(requestsPerHandle / 8));
  }

  /** Puts a registration into a request. @returns that request, once it is full. */
  join(registration: Registration): PollRequest | undefined {
    const { idleRounds } = registration;
    const size = this.#socketsPerRequest;
    if (size === 1 || idleRounds === quarantined) return this.#add(undefined, registration);
    const isIdle = idleRounds >= roundsUntilIdle;
    const request = this.#add(isIdle ? this.#idle : this.#active, registration);
    const isFull = request.members.length === size;
    if (isIdle) this.#idle = isFull ? undefined : request;
    else this.#active = isFull ? undefined : request;
    return isFull ? request : undefined;
  }

  #add(to: PollRequest | undefined, registration: Registration): PollRequest {
    const request = to ?? this.#requests.create();
    request.members.push(registration);
    return request;
  }

  /** A request that is not full, active sockets first; undefined when there is none. */
  takePartial(): PollRequest | undefined {
    const request = this.#active ?? this.#idle;
    if (this.#active !== undefined) this.#active = undefined;
    else this.#idle = undefined;
    return request;
  }

  /** NT refused to poll this one alone. */
  quarantine(registration: Registration): void {
    registration.idleRounds = quarantined;
  }

  /** NT accepted a request, which pends. */
  pends(request: PollRequest): void {
    const { members } = request;
    const first = members.at(0);
    if (members.length === 1 && first.idleRounds === quarantined) first.idleRounds = 0;
    if (members.length < this.#socketsPerRequest) this.#append(request);
  }

  /** A request does not pend any more. */
  ended(request: PollRequest): void {
    if (request.submittedAtFlush !== notPartial) this.#remove(request);
  }

  /** What a complete request had to report of a member. */
  observe(registration: Registration, { status, isCoalesced }: PollRequest, events: number): void {
    if (events !== 0) registration.idleRounds = 0;
    else if (isCoalesced) registration.idleRounds = roundsUntilIdle;
    else if (!isNtError(status)) registration.idleRounds += 1;
  }

  /** A request is given back. */
  forget(request: PollRequest): void {
    request.isCoalesced = false;
  }

  /**
   * A flush begins. When more than `maxPartial` requests are partial, cancels two or more of the oldest
   * ones that together fit into one request, if they pend for more than max(64, 16 × partial) flushes,
   * and the others half as long: their sockets are idle. Every cancellation makes a packet, and therefore another flush; with a
   * smaller factor coalescing would trigger itself for ever.
   */
  coalesce(): void {
    this.#flushes += 1;
    if (this.#partial <= this.#maxPartial) return;
    const age = Math.max(leastFlushes, flushesPerPartial * this.#partial);
    const oldest = this.#oldest as PollRequest;
    if (oldest.submittedAtFlush > this.#flushes - age) return;
    const latest = this.#flushes - age / 2;
    const partner = this.#partnerOf(oldest, latest);
    if (partner === undefined) {
      // It has its turn again later; until then the next ones are looked at.
      this.#remove(oldest);
      this.#append(oldest);
      return;
    }
    this.#cancel(oldest);
    let members = oldest.members.length;
    for (let each: PollRequest | undefined = partner; each !== undefined; ) {
      members += each.members.length;
      this.#cancel(each);
      const next = this.#oldest;
      const isFitting = next !== undefined && this.#fits(next, members, latest);
      each = isFitting ? next : undefined;
    }
  }

  /** One that fits into one request with it, among those that pend as long. */
  #partnerOf(request: PollRequest, latest: number): PollRequest | undefined {
    if (request.state !== 'pending') return undefined;
    let each = request.newer;
    for (let looks = largestLook; looks > 0 && each !== undefined; looks -= 1) {
      if (this.#fits(each, request.members.length, latest)) return each;
      each = each.newer;
    }
    return undefined;
  }

  #fits(request: PollRequest, members: number, latest: number): boolean {
    const { state, submittedAtFlush } = request;
    if (state !== 'pending' || submittedAtFlush > latest) return false;
    return members + request.members.length <= this.#socketsPerRequest;
  }

  #cancel(request: PollRequest): void {
    this.#remove(request);
    if (isNtError(this.#requests.cancel(request))) return;
    request.isCoalesced = true;
    this.coalesced += 1;
  }

  #append(request: PollRequest): void {
    request.submittedAtFlush = this.#flushes;
    request.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = request;
    else this.#newest.newer = request;
    this.#newest = request;
    this.#partial += 1;
  }

  #remove(request: PollRequest): void {
    request.submittedAtFlush = notPartial;
    if (request.older === undefined) this.#oldest = request.newer;
    else request.older.newer = request.newer;
    if (request.newer === undefined) this.#newest = request.older;
    else request.newer.older = request.older;
    request.older = undefined;
    request.newer = undefined;
    this.#partial -= 1;
  }
}
