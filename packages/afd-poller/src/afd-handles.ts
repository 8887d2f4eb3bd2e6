import { afdScratchBytes, type CompletionPort, openAfd } from 'nt-afd';
import {
  FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
  FILE_SKIP_SET_EVENT_ON_HANDLE,
  type HANDLE,
  isNtError,
  type Kernel,
  type NTSTATUS,
  NtStatusError,
} from 'ntdllx';
import { isClosedHandle, type PollHandles } from './poll-handles.js';
import type { PollRequest } from './poll-request.js';

interface AfdHandle {
  readonly handle: HANDLE;
  /** How many requests are on it. */
  requests: number;
}

/**
 * A pool of AFD handles, each for a bounded number of requests: to cancel one, NT looks through all
 * that are pending on its handle (c-ares, trio). The sockets stay as they were: they may belong to any
 * port, or to none.
 */
export class AfdHandles implements PollHandles {
  readonly skipsPacketOnSuccess = true;
  readonly #kernel: Kernel;
  readonly #port: CompletionPort;
  readonly #requestsPerHandle: number;
  /** By place; a hole is a handle that was closed. */
  readonly #handles: (AfdHandle | undefined)[] = [];
  /** Places with room for one more request. */
  readonly #roomy = new Set<number>();
  /** Where the last request was attached: most likely there is room for the next one, too. */
  #current = 0;
  /** The place of the one empty handle that stays open: clients come and go. */
  #spare: number | undefined;

  constructor(kernel: Kernel, port: CompletionPort, requestsPerHandle: number) {
    this.#kernel = kernel;
    this.#port = port;
    this.#requestsPerHandle = requestsPerHandle;
  }

  get open(): HANDLE[] {
    return this.#handles.flatMap((each) => each?.handle ?? []);
  }

  /** Makes sure that there is a handle: that polling is possible is found out by `add`. */
  prepare(): void {
    if (this.#handles.every((each) => each === undefined)) this.#spare = this.#open();
  }

  attach(request: PollRequest): void {
    const current = this.#handles[this.#current];
    const hasRoom = current !== undefined && current.requests < this.#requestsPerHandle;
    const place = hasRoom ? this.#current : this.#findRoom();
    const handle = this.#handles[place] as AfdHandle;
    this.#current = place;
    handle.requests += 1;
    if (this.#spare === place) this.#spare = undefined;
    if (handle.requests === this.#requestsPerHandle) this.#roomy.delete(place);
    request.place = place;
  }

  handleOf({ place }: PollRequest): HANDLE {
    return (this.#handles[place] as AfdHandle).handle;
  }

  detach({ place }: PollRequest): void {
    const handle = this.#handles[place];
    // Closed with all the others, before the last packets were removed.
    if (handle === undefined) return;
    if (handle.requests === this.#requestsPerHandle) this.#roomy.add(place);
    handle.requests -= 1;
    if (handle.requests > 0) return;
    if (this.#spare === undefined || this.#spare === place) {
      this.#spare = place;
      return;
    }
    this.#kernel.NtClose(handle.handle);
    this.#handles[place] = undefined;
    this.#roomy.delete(place);
  }

  isLost(request: PollRequest, status: NTSTATUS): boolean {
    // No flag: if the value is another file's by now, nothing of that is changed.
    const handle = this.#handles[request.place]?.handle;
    if (!isClosedHandle(status) || handle === undefined) return false;
    return isClosedHandle(this.#port.setNotificationModes(handle, 0));
  }

  close(): void {
    for (const each of this.#handles) if (each !== undefined) this.#kernel.NtClose(each.handle);
    this.#handles.length = 0;
    this.#roomy.clear();
    this.#spare = undefined;
  }

  #findRoom(): number {
    const [place = this.#open()] = this.#roomy;
    return place;
  }

  #open(): number {
    const scratch = this.#kernel.allocate(afdScratchBytes);
    let handle: HANDLE;
    try {
      handle = openAfd(this.#kernel, scratch);
    } finally {
      scratch.free();
    }
    try {
      this.#require(this.#port.associate(handle, 0));
      const flags = FILE_SKIP_SET_EVENT_ON_HANDLE | FILE_SKIP_COMPLETION_PORT_ON_SUCCESS;
      this.#require(this.#port.setNotificationModes(handle, flags));
    } catch (error) {
      this.#kernel.NtClose(handle);
      throw error;
    }
    const hole = this.#handles.indexOf(undefined);
    const place = hole === -1 ? this.#handles.length : hole;
    this.#handles[place] = { handle, requests: 0 };
    this.#roomy.add(place);
    return place;
  }

  #require(status: NTSTATUS): void {
    if (isNtError(status)) throw new NtStatusError('NtSetInformationFile', status);
  }
}
