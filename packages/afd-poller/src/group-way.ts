import {
  AFD_POLL_INFO,
  AFD_POLL_LOCAL_CLOSE,
  FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
  FILE_SKIP_SET_EVENT_ON_HANDLE,
  FileIoCompletionNotificationInformation,
  type HANDLE,
  IOCTL_AFD_POLL,
  isNtError,
  isNtSuccess,
  type Kernel,
  type NTSTATUS,
  NtStatusError,
  STATUS_NO_MEMORY,
  STATUS_NOT_FOUND,
  STATUS_SUCCESS,
} from 'ntdllx';
import { openAfd } from './afd-device.js';
import { channels, type RequestFacts, tellRequest } from './channels.js';
import type { CompletionPort } from './completion-port.js';
import { Line } from './line.js';
import { type BlockCounts, PollBlocks } from './poll-blocks.js';
import type { Registration } from './registration.js';
import { closedBehindOurBack, type Outcomes, type PollWay } from './way.js';

/** How many sockets one request is about at the most; as many as select's fd_set has by default. */
const groupSize = 64;
/** After so many requests in a row that told nothing of it, a registration is cold. */
const roundsUntilCold = 2;

/** One request that the kernel has, and who it is about, in the order of its handles. */
class Group {
  readonly members = new Line<Registration>();
  isCancelled = false;
}

/**
 * One request for up to 64 sockets, on one handle to the socket driver.
 *
 * When it ends, those that have nothing to tell are asked about again together with those that had.
 * Who stays silent for long is parked in a group of its kind, which then costs nothing, until one of
 * it is ready. So with many active sockets one request tells of many, and the idle ones are out of
 * the way.
 *
 * A request that succeeds at once posts no packet and is told of inline.
 */
export class GroupWay implements PollWay {
  readonly name = 'group';
  readonly helpers = 1;
  readonly #kernel: Kernel;
  readonly #port: CompletionPort;
  readonly #outcomes: Outcomes;
  readonly #blocks: PollBlocks;
  readonly #afd: HANDLE;
  /** By block: the request that it is lent for. */
  readonly #groups: (Group | undefined)[] = [];
  /** Put off until {@link flush}, or until it is full. */
  #hot = new Group();
  #cold = new Group();
  /** Groups that are not in use. */
  readonly #spare = new Line<Group>();
  #pending = 0;

  /** Opens the handle. @throws {NtStatusError} when NT refuses; nothing is left then. */
  constructor(kernel: Kernel, port: CompletionPort, outcomes: Outcomes) {
    this.#kernel = kernel;
    this.#port = port;
    this.#outcomes = outcomes;
    this.#blocks = new PollBlocks(kernel, groupSize);
    this.#afd = openAfd(kernel);
    try {
      this.#require(port.associate(this.#afd, 0));
      const flags = FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE;
      this.#require(port.setFlags(this.#afd, flags, FileIoCompletionNotificationInformation));
    } catch (error) {
      kernel.NtClose(this.#afd);
      throw error;
    }
  }

  get counts(): BlockCounts {
    return this.#blocks.counts;
  }

  get pending(): number {
    return this.#pending;
  }

  attach(): void {
    // A registration has no block of its own: the request has one.
  }

  submit(registration: Registration): void {
    const isCold = registration.silentRounds >= roundsUntilCold;
    const group = isCold ? this.#cold : this.#hot;
    group.members.push(registration);
    // One that is full goes at once: it may tell of so many that no more are to be asked about now.
    if (group.members.length === groupSize) this.#armNext(isCold);
  }

  flush(): void {
    this.#armNext(false);
    this.#armNext(true);
  }

  cancel(registration: Registration): NTSTATUS {
    const { block } = registration;
    const group = this.#groups[block] as Group;
    // One request, many members: the others are asked about again when its packet came.
    if (!group.isCancelled) {
      const { NtCancelIoFileEx } = this.#kernel;
      const address = this.#blocks.address(block);
      const status = NtCancelIoFileEx(this.#afd, address, this.#port.scratchAddress);
      // Not found: it is over, and its packet is on the port.
      if (isNtError(status) && status !== STATUS_NOT_FOUND) return status;
      group.isCancelled = true;
    }
    registration.request = 'cancelling';
    return STATUS_SUCCESS;
  }

  take(apcContext: number): boolean {
    const block = this.#blocks.find(apcContext);
    if (block === -1) return false;
    this.#finish(block, apcContext);
    return true;
  }

  release(): void {
    // Nothing of it is here once its request is over.
  }

  verify(): void {
    this.#blocks.verify();
    let members = 0;
    for (const group of this.#groups) members += group?.members.length ?? 0;
    if (members !== this.#pending) {
      throw new Error(`groups: ${members} members, ${this.#pending} said to be pending`);
    }
  }

  closeHandles(): void {
    this.#kernel.NtClose(this.#afd);
  }

  free(): number {
    return this.#blocks.close();
  }

  #newGroup(): Group {
    return this.#spare.length === 0 ? new Group() : this.#spare.pop();
  }

  #endGroup(group: Group): void {
    group.members.clear();
    group.isCancelled = false;
    this.#spare.push(group);
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

  /** One request for a group. The block is the kernel's from the call until the packet is taken. */
  #arm(group: Group): void {
    const { members } = group;
    const { length } = members;
    const blocks = this.#blocks;
    const block = this.#acquire();
    if (block === -1) {
      for (let index = 0; index < length; index += 1) {
        this.#outcomes.refused(members.at(index), STATUS_NO_MEMORY, 'allocate');
      }
      this.#endGroup(group);
      return;
    }
    for (let index = 0; index < length; index += 1) {
      const { base, mask } = members.at(index);
      blocks.setHandle(block, index, Number(base), mask);
    }
    const apcContext = blocks.lend(block, length);
    const address = blocks.address(block);
    const info = blocks.infoAddress(block);
    const byteLength = AFD_POLL_INFO.byteLength(length);
    const status = this.#kernel.NtDeviceIoControlFile(
      this.#afd,
      0,
      0,
      apcContext,
      address,
      IOCTL_AFD_POLL,
      info,
      byteLength,
      info,
      byteLength,
    );
    const isRefused = isNtError(status);
    if (isRefused) {
      blocks.takeBack(block);
      blocks.release(block);
    } else {
      this.#lent(group, block);
    }
    if (channels.submit.hasSubscribers) {
      tellRequest('submit', this.#facts(apcContext, status), members, ({ mask }) => mask);
    }
    if (isRefused) this.#refused(group, status);
    else if (status === STATUS_SUCCESS) this.#finish(block, apcContext);
  }

  /** The kernel has a request about these. */
  #lent(group: Group, block: number): void {
    const { members } = group;
    this.#groups[block] = group;
    this.#pending += members.length;
    for (let index = 0; index < members.length; index += 1) {
      const registration = members.at(index);
      registration.request = 'pending';
      registration.armedMask = registration.mask;
      registration.block = block;
    }
  }

  /** @returns a block, or -1 where there is no native memory left. */
  #acquire(): number {
    try {
      return this.#blocks.acquire();
    } catch {
      return -1;
    }
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
      this.#outcomes.refused(registration, status);
    }
    this.#endGroup(group);
  }

  /** The request is over: its block is read, in this order, and given back; then all are told. */
  #finish(block: number, apcContext: number): void {
    const blocks = this.#blocks;
    blocks.takeBack(block);
    const group = this.#groups[block] as Group;
    const { members } = group;
    this.#groups[block] = undefined;
    this.#pending -= members.length;
    const status = blocks.status(block);
    const count = isNtSuccess(status) ? blocks.handleCount(block) : 0;
    // The output is compacted and in the order of the request: one pass over both finds everybody.
    let at = 0;
    for (let index = 0; index < members.length; index += 1) {
      const registration = members.at(index);
      const isNamed = at < count && blocks.handle(block, at) === registration.base;
      registration.saidEvents = isNamed ? blocks.events(block, at) : 0;
      registration.saidCause = isNamed ? blocks.cause(block, at) : 0;
      registration.silentRounds = isNamed ? 0 : registration.silentRounds + 1;
      registration.request = 'idle';
      registration.block = -1;
      if (isNamed) at += 1;
    }
    blocks.release(block);
    if (channels.complete.hasSubscribers) {
      const facts = this.#facts(apcContext, status);
      tellRequest('complete', facts, members, ({ saidEvents }) => saidEvents);
    }
    for (let index = 0; index < members.length; index += 1) {
      const registration = members.at(index);
      this.#outcomes.completed(registration, registration.saidEvents, registration.saidCause);
    }
    this.#endGroup(group);
  }

  #facts(apcContext: number, status: NTSTATUS): RequestFacts {
    return { port: this.#port.handle, way: this.name, apcContext, status };
  }

  #require(status: NTSTATUS): void {
    if (isNtError(status)) throw new NtStatusError('NtSetInformationFile', status);
  }
}
