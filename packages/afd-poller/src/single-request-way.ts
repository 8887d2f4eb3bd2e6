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
    this.#blocks.setHandle(block, 0, Number(base), mask);
    const apcContext = this.#blocks.lend(block, 1);
    const address = this.#blocks.address(block);
    const info = this.#blocks.infoAddress(block);
    const status = this.#kernel.NtDeviceIoControlFile(
      this.#handles.handleOf(registration),
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
    if (isNtError(status)) {
      // Refused: there is no request, and no packet will come.
      this.#blocks.takeBack(block);
      // A socket that is closed: that is what its poll would have said, too.
      if (closedBehindOurBack.includes(status)) {
        this.#outcomes.completed(registration, AFD_POLL_LOCAL_CLOSE, 0);
      } else {
        this.#outcomes.refused(registration, status);
      }
      return;
    }
    registration.request = 'pending';
    registration.armedMask = mask;
    // Also a request that is complete already posts its packet, unless its handle was told not to.
    if (status === STATUS_SUCCESS && this.#handles.skipsPacketOnSuccess) this.#finish(block);
  }

  flush(): void {
    // Nothing was put off.
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
    // Not found: it is over, and its packet is on the port. A socket that is closed ended it, too.
    const isOver = status === STATUS_NOT_FOUND || closedBehindOurBack.includes(status);
    if (isNtError(status) && !isOver) return status;
    registration.request = 'cancelling';
    return STATUS_SUCCESS;
  }

  take(apcContext: number): boolean {
    const block = this.#blocks.find(apcContext);
    if (block === -1) return false;
    this.#finish(block);
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

  /** The request is over: its block is read, in this order, and is ours. */
  #finish(block: number): void {
    const blocks = this.#blocks;
    blocks.takeBack(block);
    // Cancelled, timed out, displaced by an exclusive poll: the events are then those of the
    // request, as if all of them had happened.
    const isTold = isNtSuccess(blocks.status(block)) && blocks.handleCount(block) > 0;
    const registration = this.#registrations[block] as Registration;
    registration.request = 'idle';
    this.#outcomes.completed(
      registration,
      isTold ? blocks.events(block, 0) : 0,
      isTold ? blocks.cause(block, 0) : 0,
    );
  }
}
