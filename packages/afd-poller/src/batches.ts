import { isNtError } from 'ntdllx';
import type { PollRequest } from './poll-request.js';
import type { PollRequests } from './poll-requests.js';
import type { Registration } from './registration.js';

/** A registration is idle after this many consecutive requests that reported nothing for it. */
const roundsUntilIdle = 2;
/**
 * Value of `idleRounds` for a registration that NT refused to poll. The poller polls it alone, so
 * that it does not make the requests of other sockets fail.
 */
const quarantined = -1;
/**
 * Up to this many partial requests are never coalesced, however old they are. A partial request is
 * pending and has room for more sockets. The limit is lower if a handle takes few requests.
 */
const maxPartial = 16;
/**
 * A partial request may be coalesced after max(`leastFlushes`, `flushesPerPartial` × partial
 * requests) flushes; {@link Batches.coalesce} says why.
 */
const flushesPerPartial = 16;
const leastFlushes = 64;
/** How many requests one flush examines to find one that it can coalesce. */
const mostExamined = 64;
/** Value of `submittedAtFlush` for a request that is full or is not pending. */
const notPartial = -1;

/**
 * Decides which sockets share a request. Recently active sockets are batched with each other, and
 * idle sockets with each other. So sockets that become ready together share a request. A socket
 * that becomes ready alone ends up in its own request, whose completion does not make the poller
 * resubmit 63 other sockets.
 */
export class Batches {
  readonly #requests: PollRequests;
  readonly #socketsPerRequest: number;
  readonly #maxPartial: number;
  /**
   * Requests that are being filled. They are submitted when they are full, or at the end of the
   * flush.
   */
  #active: PollRequest | undefined;
  #idle: PollRequest | undefined;
  /** Partial requests: pending, with room for more sockets. In the order of submission. */
  #oldest: PollRequest | undefined;
  #newest: PollRequest | undefined;
  #partial = 0;
  #flushes = 0;
  /** How many requests were cancelled only to batch their sockets with others. */
  coalesced = 0;

  constructor(requests: PollRequests, socketsPerRequest: number, requestsPerHandle: number) {
    this.#requests = requests;
    this.#socketsPerRequest = socketsPerRequest;
    this.#maxPartial = Math.min(maxPartial, Math.ceil(requestsPerHandle / 8));
  }

  /** Puts a registration into a request. @returns the request if it is full now. */
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

  /**
   * Takes a request that is not full, the one of active sockets first; undefined if there is none.
   */
  takePartial(): PollRequest | undefined {
    const request = this.#active ?? this.#idle;
    if (this.#active !== undefined) this.#active = undefined;
    else this.#idle = undefined;
    return request;
  }

  /** Called when NT refused a request with only this registration. */
  quarantine(registration: Registration): void {
    registration.idleRounds = quarantined;
  }

  /** Called when NT has accepted a request, which is pending then. */
  pends(request: PollRequest): void {
    const { members } = request;
    const first = members.at(0);
    if (members.length === 1 && first.idleRounds === quarantined) first.idleRounds = 0;
    if (members.length < this.#socketsPerRequest) this.#append(request);
  }

  /** Called when a request is no longer pending. */
  ended(request: PollRequest): void {
    if (request.submittedAtFlush !== notPartial) this.#remove(request);
  }

  /** Updates a member's idle count from what its complete request reported for it. */
  observe(registration: Registration, { status, isCoalesced }: PollRequest, events: number): void {
    if (events !== 0) registration.idleRounds = 0;
    else if (isCoalesced) registration.idleRounds = roundsUntilIdle;
    else if (!isNtError(status)) registration.idleRounds += 1;
  }

  /** Called before a request object is reused. */
  forget(request: PollRequest): void {
    request.isCoalesced = false;
  }

  /**
   * Called at the start of each flush. When there are more than `maxPartial` partial requests,
   * cancels two or more old ones that together fit into one request. The oldest must have been
   * pending for at least max(64, 16 × partial) flushes, the others for half as long: their sockets
   * are idle. Every cancellation produces a packet and therefore another flush; with a smaller
   * factor coalescing would trigger itself for ever.
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
      // It goes to the end of the list, so that the next flush tries the request after it.
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

  /**
   * Finds a later partial request that is old enough and whose sockets fit into one request with
   * those of `request`.
   */
  #partnerOf(request: PollRequest, latest: number): PollRequest | undefined {
    if (request.state !== 'pending') return undefined;
    let each = request.newer;
    for (let left = mostExamined; left > 0 && each !== undefined; left -= 1) {
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
