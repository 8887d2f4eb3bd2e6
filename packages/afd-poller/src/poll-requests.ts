import { type CompletionPort, cancelPoll, submitPoll } from 'nt-afd';
import {
  type HANDLE,
  isNtError,
  isNtStatusError,
  type Kernel,
  type NTSTATUS,
  STATUS_CANCELLED,
  STATUS_NO_MEMORY,
  STATUS_NOT_FOUND,
  STATUS_SUCCESS,
} from 'ntdllx';
import { type DiagnosticsLog, diagnosticsChannels } from './diagnostics.js';
import { type BlockCounts, PollBlocks } from './poll-blocks.js';
import { isClosedHandle, type PollHandles } from './poll-handles.js';
import { PollRequest } from './poll-request.js';
import { Queue } from './queue.js';
import type { Registration } from './registration.js';

/** True for a request that NT refused, or completed with an error other than STATUS_CANCELLED. */
export function isFailed({ status }: PollRequest): boolean {
  return isNtError(status) && status !== STATUS_CANCELLED;
}

/**
 * The requests of a poller and their states. Only this class submits, cancels and completes
 * requests, lends their blocks to the kernel and takes them back.
 */
export class PollRequests {
  readonly #kernel: Kernel;
  readonly #port: CompletionPort;
  readonly #handles: PollHandles;
  readonly #log: DiagnosticsLog;
  /** Blocks for requests with one socket, and for requests with several. */
  readonly #single: PollBlocks;
  readonly #several: PollBlocks;
  /** By block key: the request that the block is lent for. */
  readonly #byKey: (PollRequest | undefined)[] = [];
  /** Unused request objects, which are reused. */
  readonly #spare = new Queue<PollRequest>();
  /** What the request of the last {@link read} reports for each of its members. */
  readonly #output = { events: [] as number[], causes: [] as NTSTATUS[] };
  /** How many requests were submitted, and how many calls of NtCancelIoFileEx were made. */
  submitted = 0;
  cancelled = 0;
  /** How many sockets are in requests that the kernel owns. */
  pending = 0;

  constructor(
    kernel: Kernel,
    port: CompletionPort,
    handles: PollHandles,
    log: DiagnosticsLog,
    socketsPerRequest: number,
  ) {
    this.#kernel = kernel;
    this.#port = port;
    this.#handles = handles;
    this.#log = log;
    this.#single = new PollBlocks(kernel, 1, 0);
    this.#several = new PollBlocks(kernel, socketsPerRequest, 1);
  }

  get blocks(): BlockCounts {
    const [one, several] = [this.#single.counts, this.#several.counts];
    return {
      free: one.free + several.free,
      ours: one.ours + several.ours,
      kernelOwned: one.kernelOwned + several.kernelOwned,
      bytes: one.bytes + several.bytes,
    };
  }

  /** Returns a request without members, a new or an unused one. */
  create(): PollRequest {
    return this.#spare.length === 0 ? new PollRequest() : this.#spare.pop();
  }

  /**
   * Submits a request, and makes its members point to it.
   *
   * Afterwards the request is in one of three states. It is pending. Or it is complete with
   * STATUS_CANCELLED and has nothing to report. Or it has failed (see {@link isFailed}); then all
   * of its members report that.
   */
  submit(request: PollRequest): void {
    const { members } = request;
    const blocks = members.length === 1 ? this.#single : this.#several;
    for (let index = 0; index < members.length; index += 1) members.at(index).request = request;
    const refusal = this.#prepare(request, blocks);
    if (isNtError(refusal)) {
      this.#refuse(request, refusal);
      return;
    }
    const apcContext = this.#lend(request, blocks);
    let status: NTSTATUS;
    try {
      status = this.#call(request, blocks, apcContext);
    } catch (error) {
      // The call was not made.
      this.#takeBack(request);
      throw error;
    }
    this.submitted += 1;
    this.#log.submit(apcContext, status, members);
    if (isNtError(status)) {
      this.#refuse(request, status);
      try {
        request.isHandleLost = this.#handles.isLost(request, status);
      } finally {
        this.#takeBack(request);
      }
    } else if (status === STATUS_SUCCESS && this.#handles.skipsPacketOnSuccess) {
      this.complete(request);
    }
  }

  /**
   * Asks NT to cancel a pending request. Its packet still arrives.
   *
   * @returns an error when NT refused; then the request is still pending.
   */
  cancel(request: PollRequest): NTSTATUS {
    if (request.state === 'cancelling') return STATUS_SUCCESS;
    const blocks = this.#blocksOf(request);
    const block = request.blockKey >> 1;
    const handle = this.#handles.handleOf(request);
    const address = blocks.address(block);
    const status = cancelPoll(this.#kernel, handle, address, this.#port.scratchAddress);
    this.cancelled += 1;
    this.#log.cancel(blocks.context(block), status);
    // STATUS_NOT_FOUND: the request is complete, and its packet is on the port. A closed handle
    // has completed the request, too.
    const isOver = status === STATUS_NOT_FOUND || isClosedHandle(status);
    if (isNtError(status) && !isOver) return status;
    request.state = 'cancelling';
    return STATUS_SUCCESS;
  }

  /**
   * Finds the complete request that a packet belongs to; undefined for an unknown packet. Changes
   * nothing.
   */
  findCompleted(apcContext: number): PollRequest | undefined {
    const single = this.#single.findCompleted(apcContext);
    if (single !== -1) return this.#byKey[2 * single];
    const several = this.#several.findCompleted(apcContext);
    return several === -1 ? undefined : this.#byKey[2 * several + 1];
  }

  /**
   * Ends the block's loan, for a request whose packet was removed or that gets no packet. Stores
   * its Status and how many of its sockets have something to report.
   */
  complete(request: PollRequest): void {
    const blocks = this.#blocksOf(request);
    const block = request.blockKey >> 1;
    this.#takeBack(request);
    request.status = blocks.status(block);
    request.reported = isFailed(request) ? request.members.length : blocks.reported(block);
    this.#log.complete(request, blocks, block);
  }

  /** Reads what a complete request reports, for {@link events} and {@link cause}. */
  read(request: PollRequest): void {
    const { members, blockKey } = request;
    const { events, causes } = this.#output;
    const { length } = members;
    if (length === 1 && request.reported === 1 && !isFailed(request)) {
      // The only reported handle must be that of the only member.
      const blocks = this.#blocksOf(request);
      events[0] = blocks.events(blockKey >> 1, 0);
      causes[0] = blocks.cause(blockKey >> 1, 0);
      return;
    }
    for (let index = 0; index < length; index += 1) {
      events[index] = 0;
      causes[index] = 0;
    }
    // The block of a failed request still holds the input, where all requested events would look
    // like reported ones.
    if (blockKey === -1 || isFailed(request)) return;
    const blocks = this.#blocksOf(request);
    const block = blockKey >> 1;
    const reported = blocks.reported(block);
    let index = 0;
    for (let at = 0; at < reported; at += 1) {
      const handle = blocks.handle(block, at);
      // NT reports the handles in the order of the request (F12). No other order was ever
      // observed; the search wraps around for it.
      let steps = 0;
      while (steps < length && members.at(index).base !== handle) {
        index = (index + 1) % length;
        steps += 1;
      }
      if (steps === length) continue;
      events[index] = blocks.events(block, at);
      causes[index] = blocks.cause(block, at);
    }
  }

  /** The AFD_POLL_* bits of a member of the request that was read. */
  events(index: number): number {
    return this.#output.events[index] as number;
  }

  /** Why the connect of that member failed. */
  cause(index: number): NTSTATUS {
    return this.#output.causes[index] as number;
  }

  /**
   * Detaches the next member from a request that is not pending. The member may then join another
   * request.
   */
  next(request: PollRequest): Registration {
    const { members, handled } = request;
    const member = members.at(handled);
    const hasReport = isFailed(request) || this.#output.events[handled] !== 0;
    if (hasReport && request.reported > 0) request.reported -= 1;
    request.handled += 1;
    member.request = undefined;
    return member;
  }

  /**
   * Marks the pending request of a registration as outdated: the next flush that processes the
   * registration cancels and resubmits it.
   *
   * @returns false if the registration has no pending request.
   */
  outdate(registration: Registration): boolean {
    if (registration.request?.state !== 'pending') return false;
    registration.submittedMask = 0;
    return true;
  }

  /** Frees a request that is not pending, and its block. Detaches its remaining members. */
  release(request: PollRequest): void {
    const { members } = request;
    for (let index = request.handled; index < members.length; index += 1) {
      members.at(index).request = undefined;
    }
    if (request.blockKey !== -1) this.#blocksOf(request).release(request.blockKey >> 1);
    members.clear();
    request.blockKey = -1;
    request.status = 0;
    request.reported = 0;
    request.handled = 0;
    request.isHandleLost = false;
    this.#spare.push(request);
  }

  /** Asks NT to cancel all requests: by one call per AFD handle, or by one per socket. */
  cancelAll(isTimeOver: () => boolean): void {
    const { open } = this.#handles;
    for (const handle of open) {
      const status = cancelPoll(this.#kernel, handle, 0, this.#port.scratchAddress);
      this.cancelled += 1;
      this.#logCancels(handle, status);
      if (isTimeOver()) return;
    }
    if (open.length > 0) return;
    for (const request of this.#byKey) {
      if (request === undefined) continue;
      this.cancel(request);
      if (isTimeOver()) return;
    }
  }

  #logCancels(handle: HANDLE, status: NTSTATUS): void {
    if (!diagnosticsChannels.cancel.hasSubscribers) return;
    for (const request of this.#byKey) {
      if (request === undefined || this.#handles.handleOf(request) !== handle) continue;
      this.#log.cancel(this.#blocksOf(request).context(request.blockKey >> 1), status);
    }
  }

  /** Checks the counters. @throws {Error} naming the first inconsistency. */
  verify(): void {
    this.#single.verify();
    this.#several.verify();
    let members = 0;
    for (const request of this.#byKey) members += request?.members.length ?? 0;
    if (members === this.pending) return;
    throw new Error(`requests: they have ${members} sockets, but the counter is ${this.pending}`);
  }

  /**
   * Frees all memory but the slabs with blocks that the kernel owns.
   *
   * @returns the number of those blocks.
   */
  free(): number {
    return this.#single.close() + this.#several.close();
  }

  /**
   * Records that NT did not accept the request. All members report the failure. With
   * STATUS_CANCELLED, which says nothing about a socket, they are polled again instead.
   */
  #refuse(request: PollRequest, status: NTSTATUS): void {
    request.status = status;
    request.reported = isFailed(request) ? request.members.length : 0;
  }

  #blocksOf({ blockKey }: PollRequest): PollBlocks {
    return (blockKey & 1) === 0 ? this.#single : this.#several;
  }

  /** Acquires a block and a handle for a request. @returns the error if that failed. */
  #prepare(request: PollRequest, blocks: PollBlocks): NTSTATUS {
    const block = blocks.acquire();
    if (block === -1) return STATUS_NO_MEMORY;
    try {
      this.#handles.attach(request);
    } catch (error) {
      blocks.release(block);
      if (!isNtStatusError(error)) throw error;
      // NT refused to open an AFD handle, so no socket is the cause.
      request.isHandleLost = true;
      return error.status;
    }
    request.blockKey = 2 * block + blocks.kind;
    return STATUS_SUCCESS;
  }

  /** Lends the block to the kernel. @returns the ApcContext of the loan. */
  #lend(request: PollRequest, blocks: PollBlocks): number {
    const { members, blockKey } = request;
    const { length } = members;
    for (let index = 0; index < length; index += 1) {
      const member = members.at(index);
      const { mask } = member;
      member.submittedMask = mask;
      blocks.setHandle(blockKey >> 1, index, member.base, mask);
    }
    request.state = 'pending';
    this.#byKey[blockKey] = request;
    this.pending += length;
    return blocks.lend(blockKey >> 1, length);
  }

  #call(request: PollRequest, blocks: PollBlocks, apcContext: number): NTSTATUS {
    const block = request.blockKey >> 1;
    return submitPoll(
      this.#kernel,
      this.#handles.handleOf(request),
      apcContext,
      blocks.address(block),
      blocks.infoAddress(block),
      request.members.length,
    );
  }

  /** Ends the block's loan, and releases the request's handle. */
  #takeBack(request: PollRequest): void {
    this.#blocksOf(request).takeBack(request.blockKey >> 1);
    this.#byKey[request.blockKey] = undefined;
    request.state = 'ours';
    this.pending -= request.members.length;
    this.#handles.detach(request);
  }
}
