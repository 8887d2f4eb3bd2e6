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
/** `flush` of a request that is full, or does not pend. */
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

  /** A request is complete. */
  completed(request: PollRequest): void {
    if (request.flush !== notPartial) this.#remove(request);
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
   * A flush begins. When more than `maxPartial` requests are partial, cancels the oldest ones that
   * together fit into one request, if they pend for more than max(64, 16 × partial) flushes: their
   * sockets are idle. Every cancellation makes a packet, and therefore another flush; with a smaller
   * factor coalescing would trigger itself for ever.
   */
  coalesce(): void {
    this.#flushes += 1;
    if (this.#partial <= this.#maxPartial) return;
    const latest = this.#flushes - Math.max(leastFlushes, flushesPerPartial * this.#partial);
    let members = 0;
    for (;;) {
      const request = this.#oldest;
      if (request === undefined || request.flush > latest) return;
      members += request.members.length;
      if (members > this.#socketsPerRequest) return;
      this.#remove(request);
      if (isNtError(this.#requests.cancel(request))) continue;
      request.isCoalesced = true;
      this.coalesced += 1;
    }
  }

  #append(request: PollRequest): void {
    request.flush = this.#flushes;
    request.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = request;
    else this.#newest.newer = request;
    this.#newest = request;
    this.#partial += 1;
  }

  #remove(request: PollRequest): void {
    request.flush = notPartial;
    if (request.older === undefined) this.#oldest = request.newer;
    else request.older.newer = request.newer;
    if (request.newer === undefined) this.#newest = request.older;
    else request.newer.older = request.older;
    request.older = undefined;
    request.newer = undefined;
    this.#partial -= 1;
  }
}
