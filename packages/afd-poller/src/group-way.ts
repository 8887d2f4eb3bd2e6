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
  STATUS_NOT_FOUND,
  STATUS_SUCCESS,
} from 'ntdllx';
import { openAfd } from './afd-device.js';
import type { CompletionPort } from './completion-port.js';
import { type BlockCounts, PollBlocks, pollInfoOffset } from './poll-blocks.js';
import type { Registration } from './registration.js';
import { closedBehindOurBack, type Outcomes, type PollWay } from './way.js';

/** How many sockets one request is about at the most; as many as select's fd_set has by default. */
const groupSize = 64;
/** After so many requests in a row that told nothing of it, a registration is cold. */
const roundsUntilCold = 64;

/** One request that the kernel has, and who it is about, in the order of its handles. */
interface Group {
  readonly members: Registration[];
  isCancelled: boolean;
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
  /** Put off until {@link flush}. */
  #hot: Registration[] = [];
  #cold: Registration[] = [];
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
    if (registration.silentRounds < roundsUntilCold) this.#hot.push(registration);
    else this.#cold.push(registration);
  }

  flush(): void {
    let [hot, cold] = [this.#hot, this.#cold];
    if (hot.length + cold.length === 0) return;
    this.#hot = [];
    this.#cold = [];
    // Too few to fill a group of their own: another request would cost more than to take them along.
    if (hot.length + cold.length <= groupSize) {
      hot = [...hot, ...cold];
      cold = [];
    }
    this.#armAll(hot);
    this.#armAll(cold);
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
    this.#finish(block);
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

  #armAll(registrations: Registration[]): void {
    for (let start = 0; start < registrations.length; start += groupSize) {
      this.#arm(registrations.slice(start, start + groupSize));
    }
  }

  /** One request for these. The block is the kernel's from the call until the packet is taken. */
  #arm(members: Registration[]): void {
    const blocks = this.#blocks;
    const block = blocks.acquire();
    for (const [index, { base, mask }] of members.entries()) {
      blocks.setHandle(block, index, Number(base), mask);
    }
    const apcContext = blocks.lend(block, members.length);
    const address = blocks.address(block);
    const [info, byteLength] = [address + pollInfoOffset, AFD_POLL_INFO.byteLength(members.length)];
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
    if (isNtError(status)) {
      blocks.takeBack(block);
      blocks.release(block);
      this.#refused(members, status);
      return;
    }
    this.#groups[block] = { members, isCancelled: false };
    this.#pending += members.length;
    for (const registration of members) {
      registration.request = 'pending';
      registration.armedMask = registration.mask;
      registration.block = block;
    }
    if (status === STATUS_SUCCESS) this.#finish(block);
  }

  /** One socket spoils the whole request: the halves are tried until it is found. */
  #refused(members: Registration[], status: NTSTATUS): void {
    const [registration] = members as [Registration];
    if (members.length > 1) {
      const half = Math.ceil(members.length / 2);
      this.#arm(members.slice(0, half));
      this.#arm(members.slice(half));
    } else if (closedBehindOurBack.includes(status)) {
      this.#outcomes.completed(registration, AFD_POLL_LOCAL_CLOSE, 0);
    } else {
      this.#outcomes.refused(registration, status);
    }
  }

  /** The request is over: its block is read, in this order, and given back; then all are told. */
  #finish(block: number): void {
    const blocks = this.#blocks;
    blocks.takeBack(block);
    const { members } = this.#groups[block] as Group;
    this.#groups[block] = undefined;
    this.#pending -= members.length;
    const isTold = isNtSuccess(blocks.status(block));
    const count = isTold ? blocks.handleCount(block) : 0;
    const events: number[] = [];
    const causes: number[] = [];
    // The output is compacted and in the order of the request: one pass over both finds everybody.
    let at = 0;
    for (const { base } of members) {
      const isNamed = at < count && blocks.handle(block, at) === base;
      events.push(isNamed ? blocks.events(block, at) : 0);
      causes.push(isNamed ? blocks.cause(block, at) : 0);
      if (isNamed) at += 1;
    }
    blocks.release(block);
    for (const [index, registration] of members.entries()) {
      registration.request = 'idle';
      registration.block = -1;
      const told = events[index] as number;
      registration.silentRounds = told === 0 ? registration.silentRounds + 1 : 0;
      this.#outcomes.completed(registration, told, causes[index] as number);
    }
  }

  #require(status: NTSTATUS): void {
    if (isNtError(status)) throw new NtStatusError('NtSetInformationFile', status);
  }
}
