import {
  AFD_POLL_INFO,
  AFD_POLL_LOCAL_CLOSE,
  IOCTL_AFD_POLL,
  isNtError,
  isNtSuccess,
  type Kernel,
  type NTSTATUS,
  NtStatusError,
  STATUS_CANCELLED,
  STATUS_NO_MEMORY,
  STATUS_NOT_FOUND,
  STATUS_SUCCESS,
} from 'ntdllx';
import { channels, type RequestFacts, tellCancel, tellRequest } from './channels.js';
import type { CompletionPort } from './completion-port.js';
import { Group, LooseGroups, readOutput } from './group.js';
import { HelperHandles } from './helper-handles.js';
import { type BlockCounts, PollBlocks, sumOf } from './poll-blocks.js';
import type { Registration } from './registration.js';
import { closedBehindOurBack, type Outcomes, type PollWay } from './way.js';

/** How many sockets one request is about at the most; as many as select's fd_set has by default. */
const groupSize = 64;
/** After so many requests in a row that told nothing of it, a registration is cold. */
const roundsUntilCold = 2;
/** So many requests with room for more are fine, however old; fewer where a handle takes few. */
const mostLoose = 16;
/**
 * Beyond that they are put together after so many flushes for each of them, and never earlier than this.
 * Each that is ended makes a packet, and so one more flush: with fewer they would keep each other going.
 */
const flushesPerLoose = 16;
const leastFlushes = 64;

const keyOf = (blocks: PollBlocks, block: number) => 2 * block + blocks.kind;

/**
 * One request for up to 64 sockets, on handles to the socket driver.
 *
 * When it ends, those that have nothing to tell are asked about once more together with those that
 * had. Who is silent a second time is set aside in a request of its kind. So those that are ready
 * together are asked about together, and one that is ready alone ends in a request of its own. Requests
 * that have room and have pended for long are put together again: their sockets are idle.
 *
 * A request that succeeds at once posts no packet and is told of inline.
 */
export class GroupWay implements PollWay {
  readonly name = 'group';
  readonly #kernel: Kernel;
  readonly #port: CompletionPort;
  readonly #outcomes: Outcomes;
  readonly #handles: HelperHandles;
  /** For requests about one socket, and about more. */
  readonly #singles: PollBlocks;
  readonly #crowds: PollBlocks;
  /** By twice the block, plus one for a crowd's: the request that it is lent for. */
  readonly #groups: (Group | undefined)[] = [];
  readonly #loose = new LooseGroups();
  /** Put off until {@link flush}, or until it is full. */
  #hot = new Group();
  #cold = new Group();
  /** Groups that are not in use. */
  readonly #spare: Group[] = [];
  #spares = 0;
  readonly #mostLoose: number;
  #flushes = 0;
  #pending = 0;
  requests = 0;
  cancelled = 0;
  gathered = 0;

  constructor(
    kernel: Kernel,
    port: CompletionPort,
    outcomes: Outcomes,
    { pollsPerHelper }: { readonly pollsPerHelper: number },
  ) {
    this.#kernel = kernel;
    this.#port = port;
    this.#outcomes = outcomes;
    this.#mostLoose = Math.min(mostLoose, Math.ceil(pollsPerHelper / 8));
    this.#handles = new HelperHandles(kernel, port, { pollsPerHelper, skipsPacketOnSuccess: true });
    this.#singles = new PollBlocks(kernel, 1, 0);
    this.#crowds = new PollBlocks(kernel, groupSize, 1);
  }

  get counts(): BlockCounts {
    return sumOf(this.#singles.counts, this.#crowds.counts);
  }

  get pending(): number {
    return this.#pending;
  }

  get helpers(): number {
    return this.#handles.helpers;
  }

  attach(): void {
    // A registration has no block of its own: the request has one. But it must be possible to ask.
    this.#handles.open();
  }

  submit(registration: Registration): void {
    if (registration.isSuspect) {
      const alone = this.#newGroup();
      alone.members.push(registration);
      this.#arm(alone);
      return;
    }
    const isCold = registration.silentRounds >= roundsUntilCold;
    const group = isCold ? this.#cold : this.#hot;
    group.members.push(registration);
    // One that is full goes at once: it may tell of so many that no more are to be asked about now.
    if (group.members.length === groupSize) this.#armNext(isCold);
  }

  flush(): void {
    this.#flushes += 1;
    this.#gather();
    this.#armNext(false);
    this.#armNext(true);
  }

  reset(): void {
    this.#hot = new Group();
    this.#cold = new Group();
  }

  cancel(registration: Registration): NTSTATUS {
    // One request, many members: the others are asked about again when its packet came.
    const status = this.#cancelGroup(this.#groups[registration.block] as Group);
    if (!isNtError(status)) registration.request = 'cancelling';
    return status;
  }

  take(apcContext: number): boolean {
    return this.#takeOf(this.#singles, apcContext) || this.#takeOf(this.#crowds, apcContext);
  }

  #takeOf(blocks: PollBlocks, apcContext: number): boolean {
    const block = blocks.find(apcContext);
    if (block === -1) return false;
    this.#finish(this.#groups[keyOf(blocks, block)] as Group, apcContext);
    return true;
  }

  release(): void {
    // Nothing of it is here once its request is over.
  }

  verify(): void {
    this.#singles.verify();
    this.#crowds.verify();
    let members = 0;
    for (const group of this.#groups) members += group?.members.length ?? 0;
    if (members !== this.#pending) {
      throw new Error(`groups: ${members} members, ${this.#pending} said to be pending`);
    }
  }

  closeHandles(): void {
    this.#handles.close();
  }

  free(): number {
    return this.#singles.close() + this.#crowds.close();
  }

  #newGroup(): Group {
    if (this.#spares === 0) return new Group();
    this.#spares -= 1;
    return this.#spare[this.#spares] as Group;
  }

  #endGroup(group: Group): void {
    group.members.clear();
    group.isCancelled = false;
    group.isGathered = false;
    this.#spare[this.#spares] = group;
    this.#spares += 1;
  }

  /** Makes the request for those that were put off. What it tells may put others off meanwhile. */
  #armNext(isCold: boolean): void {
    const group = isCold ? this.#cold : this.#hot;
    if (group.members.length === 0) return;
    const next = this.#newGroup();
    if (isCold) this.#cold = next;
    else this.#hot = next;
    this.#arm(group);
  }

  /** Ends the oldest requests that have room, so that their members are asked about together. */
  #gather(): void {
    const { count } = this.#loose;
    if (count <= this.#mostLoose) return;
    const latest = this.#flushes - Math.max(leastFlushes, flushesPerLoose * count);
    let members = 0;
    for (;;) {
      const group = this.#loose.oldest;
      if (group === undefined || group.armedAt > latest) return;
      members += group.members.length;
      if (members > groupSize) return;
      this.#loose.remove(group);
      if (isNtError(this.#cancelGroup(group))) continue;
      group.isGathered = true;
      this.gathered += 1;
    }
  }

  #cancelGroup(group: Group): NTSTATUS {
    if (group.isCancelled) return STATUS_SUCCESS;
    const blocks = group.blocks as PollBlocks;
    const address = blocks.address(group.block);
    const handle = this.#handles.handleOf(group);
    const { NtCancelIoFileEx } = this.#kernel;
    const said = NtCancelIoFileEx(handle, address, this.#port.scratchAddress);
    this.cancelled += 1;
    // Not found: it is over, and its packet is on the port.
    const status = said === STATUS_NOT_FOUND ? STATUS_SUCCESS : said;
    if (channels.cancel.hasSubscribers) {
      tellCancel(this.#port.handle, this.name, blocks.context(group.block), said);
    }
    if (!isNtError(status)) group.isCancelled = true;
    return status;
  }

  /** One request for a group. The block is the kernel's from the call until the packet is taken. */
  #arm(group: Group): void {
    const { members } = group;
    const { length } = members;
    const blocks = length === 1 ? this.#singles : this.#crowds;
    if (!this.#prepare(group, blocks)) return;
    const { block } = group;
    for (let index = 0; index < length; index += 1) {
      const { base, mask } = members.at(index);
      blocks.setHandle(block, index, base, mask);
    }
    const apcContext = blocks.lend(block, length);
    const info = blocks.infoAddress(block);
    const byteLength = AFD_POLL_INFO.byteLength(length);
    const handle = this.#handles.handleOf(group);
    this.#lent(group);
    let status: NTSTATUS;
    try {
      status = this.#kernel.NtDeviceIoControlFile(
        handle,
        0,
        0,
        apcContext,
        blocks.address(block),
        IOCTL_AFD_POLL,
        info,
        byteLength,
        info,
        byteLength,
      );
    } catch (error) {
      // The call was not made.
      this.#takeBack(group);
      throw error;
    }
    this.requests += 1;
    const isRefused = isNtError(status);
    const isOurHandle = isRefused && this.#handles.isLost(group, status);
    if (isRefused) this.#takeBack(group);
    else if (length === 1) members.at(0).isSuspect = false;
    if (channels.submit.hasSubscribers) {
      const facts = this.#facts(apcContext, status);
      tellRequest('submit', facts, members, ({ mask }) => mask);
    }
    if (isOurHandle) this.#refuseAll(group, status);
    else if (isRefused) this.#refused(group, status);
    else if (status === STATUS_SUCCESS) this.#finish(group, apcContext);
    else if (length < groupSize) this.#loose.add(group);
  }

  /** Finds a block and a handle. @returns false when there is none: everybody was told. */
  #prepare(group: Group, blocks: PollBlocks): boolean {
    if (!blocks.hasRoom()) {
      this.#refuseAll(group, STATUS_NO_MEMORY, 'allocate');
      return false;
    }
    try {
      this.#handles.attach(group);
    } catch (error) {
      if (!(error instanceof NtStatusError)) throw error;
      this.#refuseAll(group, error.status, error.call);
      return false;
    }
    group.blocks = blocks;
    group.block = blocks.acquire();
    group.armedAt = this.#flushes;
    return true;
  }

  /** The kernel is about to have a request about these. */
  #lent(group: Group): void {
    const { members } = group;
    const key = keyOf(group.blocks as PollBlocks, group.block);
    this.#groups[key] = group;
    this.#pending += members.length;
    for (let index = 0; index < members.length; index += 1) {
      const registration = members.at(index);
      registration.request = 'pending';
      registration.armedMask = registration.mask;
      registration.block = key;
    }
  }

  /** The block is ours again, and nobody's request is pending. The block is still to be read. */
  #unlent(group: Group): void {
    const { members, block } = group;
    const blocks = group.blocks as PollBlocks;
    blocks.takeBack(block);
    this.#loose.remove(group);
    this.#groups[keyOf(blocks, block)] = undefined;
    this.#pending -= members.length;
    for (let index = 0; index < members.length; index += 1) {
      const registration = members.at(index);
      registration.request = 'idle';
      registration.block = -1;
    }
    this.#handles.detach(group);
  }

  #takeBack(group: Group): void {
    this.#unlent(group);
    group.blocks?.release(group.block);
  }

  #refuseAll(group: Group, status: NTSTATUS, call?: string): void {
    const { members } = group;
    for (let index = 0; index < members.length; index += 1) {
      this.#outcomes.refused(members.at(index), status, call);
    }
    this.#endGroup(group);
  }

  /** One socket spoils the whole request: the halves are tried until it is found. */
  #refused(group: Group, status: NTSTATUS): void {
    const { members } = group;
    const registration = members.at(0);
    if (members.length > 1) {
      const [first, second] = [this.#newGroup(), this.#newGroup()];
      const half = Math.ceil(members.length / 2);
      for (let index = 0; index < members.length; index += 1) {
        (index < half ? first : second).members.push(members.at(index));
      }
      this.#arm(first);
      this.#arm(second);
    } else if (closedBehindOurBack.includes(status)) {
      this.#outcomes.completed(registration, AFD_POLL_LOCAL_CLOSE, 0);
    } else {
      // Next time by itself: one that NT refuses for good would cost the others their request each time.
      registration.isSuspect = true;
      this.#outcomes.refused(registration, status);
    }
    this.#endGroup(group);
  }

  /** The request is over: its block is read, in this order, and given back; then all are told. */
  #finish(group: Group, apcContext: number): void {
    const { members, block } = group;
    const blocks = group.blocks as PollBlocks;
    this.#unlent(group);
    const status = blocks.status(block);
    readOutput(group, isNtSuccess(status) ? blocks.handleCount(block) : 0);
    blocks.release(block);
    const { isGathered } = group;
    const silent = status === STATUS_CANCELLED ? 0 : 1;
    if (channels.complete.hasSubscribers) {
      const facts = this.#facts(apcContext, status);
      tellRequest('complete', facts, members, ({ saidEvents }) => saidEvents);
    }
    for (let index = 0; index < members.length; index += 1) {
      const registration = members.at(index);
      const { saidEvents, silentRounds } = registration;
      if (saidEvents !== 0) registration.silentRounds = 0;
      else registration.silentRounds = isGathered ? roundsUntilCold : silentRounds + silent;
      this.#outcomes.completed(registration, saidEvents, registration.saidCause);
    }
    this.#endGroup(group);
  }

  #facts(apcContext: number, status: NTSTATUS): RequestFacts {
    return { port: this.#port.handle, way: this.name, apcContext, status };
  }
}
