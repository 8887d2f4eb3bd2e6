import {
  AFD_POLL_INFO,
  AFD_POLL_LOCAL_CLOSE,
  type HANDLE,
  IOCTL_AFD_POLL,
  isNtError,
  isNtSuccess,
  type Kernel,
  type NTSTATUS,
  STATUS_NOT_FOUND,
  STATUS_SUCCESS,
} from 'ntdllx';
import { channels, type RequestFacts, tellCancel, tellRequest } from './channels.js';
import type { CompletionPort } from './completion-port.js';
import { type BlockCounts, PollBlocks } from './poll-blocks.js';
import type { Registration } from './registration.js';
import { closedBehindOurBack, type Outcomes, type PollWay, type WayName } from './way.js';

/** An AFD_POLL_INFO for one socket. */
const pollInfoBytes = AFD_POLL_INFO.byteLength(1);

/** The handle on which a registration's requests are made; where a way differs from the other. */
export interface RequestHandles {
  readonly name: WayName;
  /** Finds or makes the handle. @throws when the socket cannot be polled this way. */
  attach(registration: Registration): void;
  /** The handle, between attach and detach. */
  handleOf(registration: Registration): HANDLE;
  /** A request that succeeds at once posts no packet. */
  readonly skipsPacketOnSuccess: boolean;
  /** After a refusal: true if it is the handle of the request that is gone, and not the socket. */
  isLost(registration: Registration, status: NTSTATUS): boolean;
  /** The registration is gone. */
  detach(registration: Registration): void;
  /** How many handles of its own are open. */
  readonly helpers: number;
  close(): void;
}

/** One request per registration, at most one at a time, each in a block of its own. */
export class SingleRequestWay implements PollWay {
  readonly #kernel: Kernel;
  readonly #port: CompletionPort;
  readonly #handles: RequestHandles;
  readonly #outcomes: Outcomes;
  readonly #blocks: PollBlocks;
  /** By block: whose it is. */
  readonly #registrations: (Registration | undefined)[] = [];
  requests = 0;
  cancelled = 0;
  readonly gathered = 0;

  constructor(kernel: Kernel, port: CompletionPort, handles: RequestHandles, outcomes: Outcomes) {
    this.#kernel = kernel;
    this.#port = port;
    this.#handles = handles;
    this.#outcomes = outcomes;
    this.#blocks = new PollBlocks(kernel);
  }

  get name(): WayName {
    return this.#handles.name;
  }

  get counts(): BlockCounts {
    return this.#blocks.counts;
  }

  get helpers(): number {
    return this.#handles.helpers;
  }

  attach(registration: Registration): void {
    const block = this.#blocks.acquire();
    try {
      this.#handles.attach(registration);
    } catch (error) {
      this.#blocks.release(block);
      throw error;
    }
    registration.block = block;
    this.#registrations[block] = registration;
  }

  submit(registration: Registration): void {
    const { block, mask, base } = registration;
    const handle = this.#handles.handleOf(registration);
    this.#blocks.setHandle(block, 0, base, mask);
    const apcContext = this.#blocks.lend(block, 1);
    const address = this.#blocks.address(block);
    const info = this.#blocks.infoAddress(block);
    registration.request = 'pending';
    registration.armedMask = mask;
    let status: NTSTATUS;
    try {
      status = this.#kernel.NtDeviceIoControlFile(
        handle,
        0,
        0,
        apcContext,
        address,
        IOCTL_AFD_POLL,
        info,
        pollInfoBytes,
        info,
        pollInfoBytes,
      );
    } catch (error) {
      // The call was not made.
      this.#takeBack(registration);
      throw error;
    }
    this.requests += 1;
    const isRefused = isNtError(status);
    // Refused: there is no request, and no packet will come.
    if (isRefused) this.#takeBack(registration);
    if (channels.submit.hasSubscribers) {
      tellRequest('submit', this.#facts(apcContext, status), [registration], () => mask);
    }
    if (isRefused) {
      // A socket that is closed: that is what its poll would have said, too.
      const isClosed = closedBehindOurBack.includes(status);
      if (isClosed && !this.#handles.isLost(registration, status)) {
        this.#outcomes.completed(registration, AFD_POLL_LOCAL_CLOSE, 0);
      } else {
        this.#outcomes.refused(registration, status);
      }
      return;
    }
    // Also a request that is complete already posts its packet, unless its handle was told not to.
    const isOver = status === STATUS_SUCCESS && this.#handles.skipsPacketOnSuccess;
    if (isOver) this.#finish(block, apcContext);
  }

  flush(): void {
    // Nothing was put off.
  }

  reset(): void {
    // Nothing was put off.
  }

  #takeBack(registration: Registration): void {
    this.#blocks.takeBack(registration.block);
    registration.request = 'idle';
  }

  get pending(): number {
    return this.#blocks.counts.kernels;
  }

  cancel(registration: Registration): NTSTATUS {
    const status = this.#kernel.NtCancelIoFileEx(
      this.#handles.handleOf(registration),
      this.#blocks.address(registration.block),
      this.#port.scratchAddress,
    );
    this.cancelled += 1;
    if (channels.cancel.hasSubscribers) {
      const apcContext = this.#blocks.context(registration.block);
      tellCancel(this.#port.handle, this.name, apcContext, status);
    }
    // Not found: it is over, and its packet is on the port. A socket that is closed ended it, too.
    const isOver = status === STATUS_NOT_FOUND || closedBehindOurBack.includes(status);
    if (isNtError(status) && !isOver) return status;
    registration.request = 'cancelling';
    return STATUS_SUCCESS;
  }

  take(apcContext: number): boolean {
    const block = this.#blocks.find(apcContext);
    if (block === -1) return false;
    this.#finish(block, apcContext);
    return true;
  }

  release(registration: Registration): void {
    if (registration.block === -1) return;
    this.#registrations[registration.block] = undefined;
    this.#blocks.release(registration.block);
    registration.block = -1;
    this.#handles.detach(registration);
  }

  verify(): void {
    this.#blocks.verify();
  }

  closeHandles(): void {
    this.#handles.close();
  }

  free(): number {
    return this.#blocks.close();
  }

  #facts(apcContext: number, status: NTSTATUS): RequestFacts {
    return { port: this.#port.handle, way: this.name, apcContext, status };
  }

  /** The request is over: its block is read, in this order, and is ours. */
  #finish(block: number, apcContext: number): void {
    const blocks = this.#blocks;
    blocks.takeBack(block);
    // Cancelled, timed out, displaced by an exclusive poll: the events are then those of the
    // request, as if all of them had happened.
    const status = blocks.status(block);
    const isTold = isNtSuccess(status) && blocks.handleCount(block) > 0;
    const events = isTold ? blocks.events(block, 0) : 0;
    const registration = this.#registrations[block] as Registration;
    registration.request = 'idle';
    if (channels.complete.hasSubscribers) {
      tellRequest('complete', this.#facts(apcContext, status), [registration], () => events);
    }
    this.#outcomes.completed(registration, events, isTold ? blocks.cause(block, 0) : 0);
  }
}
