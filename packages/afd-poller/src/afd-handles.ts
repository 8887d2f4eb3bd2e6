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
  /** It was closed behind us: its value may belong to another object, so nothing is called on it. */
  isLost: boolean;
}

/** Opens a handle to AFD, for the caller to close. @throws {NtStatusError} */
export function openDevice(kernel: Kernel): HANDLE {
  const scratch = kernel.allocate(afdScratchBytes);
  try {
    return openAfd(kernel, scratch);
  } finally {
    scratch.free();
  }
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
    return this.#handles.flatMap((each) => (each === undefined || each.isLost ? [] : each.handle));
  }

  /** Makes sure that there is a handle: that polling is possible is found out by `add`. */
  prepare(): void {
    const isAnyOpen = this.#handles.some((each) => each?.isLost === false);
    if (!isAnyOpen) this.#spare = this.#open();
  }

  attach(request: PollRequest): void {
    const current = this.#handles[this.#current];
    const hasRoom = current?.isLost === false && current.requests < this.#requestsPerHandle;
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
    if (handle.requests === this.#requestsPerHandle && !handle.isLost) this.#roomy.add(place);
    handle.requests -= 1;
    if (handle.requests > 0) return;
    if (!handle.isLost && (this.#spare === undefined || this.#spare === place)) {
      this.#spare = place;
      return;
    }
    if (!handle.isLost) this.#kernel.NtClose(handle.handle);
    this.#handles[place] = undefined;
    this.#roomy.delete(place);
  }

  isLost({ place }: PollRequest, status: NTSTATUS): boolean {
    const handle = this.#handles[place];
    if (!isClosedHandle(status) || handle === undefined) return false;
    // No flag: if the value is another file's by now, nothing of that is changed.
    if (!isClosedHandle(this.#port.setNotificationModes(handle.handle, 0))) return false;
    // Its place is kept until the last request on it is complete.
    handle.isLost = true;
    this.#roomy.delete(place);
    return true;
  }

  close(): void {
    for (const handle of this.open) this.#kernel.NtClose(handle);
    this.#handles.length = 0;
    this.#roomy.clear();
    this.#spare = undefined;
  }

  #findRoom(): number {
    const [place = this.#open()] = this.#roomy;
    return place;
  }

  #open(): number {
    const handle = openDevice(this.#kernel);
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
    this.#handles[place] = { handle, requests: 0, isLost: false };
    this.#roomy.add(place);
    return place;
  }

  #require(status: NTSTATUS): void {
    if (isNtError(status)) throw new NtStatusError('NtSetInformationFile', status);
  }
}
