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
  /** How many requests are attached to this handle. */
  requests: number;
  /**
   * Some other code closed this handle without the poller's knowledge. Its value may name another
   * object by now, so the poller makes no call on it.
   */
  isLost: boolean;
}

/** Opens a handle to AFD. The caller closes it. @throws {NtStatusError} */
export function openDevice(kernel: Kernel): HANDLE {
  const scratch = kernel.allocate(afdScratchBytes);
  try {
    return openAfd(kernel, scratch);
  } finally {
    scratch.free();
  }
}

/**
 * A pool of AFD handles, each for a bounded number of requests: when NT cancels a request, it
 * searches all requests that are pending on its handle (c-ares, trio). The socket handles are not
 * changed: a socket may belong to any completion port, or to none.
 */
export class AfdHandles implements PollHandles {
  readonly skipsPacketOnSuccess = true;
  readonly #kernel: Kernel;
  readonly #port: CompletionPort;
  readonly #requestsPerHandle: number;
  /** The handles. The index of a handle is its place; the place of a closed handle is a hole. */
  readonly #handles: (AfdHandle | undefined)[] = [];
  /** Places with room for one more request. */
  readonly #roomy = new Set<number>();
  /** The place of the last request. Most likely its handle has room for the next one, too. */
  #current = 0;
  /**
   * The place of the one handle that stays open without a request. Otherwise clients that connect
   * and leave one after another would close and open a handle each time.
   */
  #spare: number | undefined;

  constructor(kernel: Kernel, port: CompletionPort, requestsPerHandle: number) {
    this.#kernel = kernel;
    this.#port = port;
    this.#requestsPerHandle = requestsPerHandle;
  }

  get open(): HANDLE[] {
    return this.#handles.flatMap((each) => (each === undefined || each.isLost ? [] : each.handle));
  }

  /** Makes sure that a handle is open, so that `add` throws when polling is impossible. */
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
    // `close` closed this handle with all others, before the last packets were removed.
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
    // No mode is set: the call only shows whether the value still names a file. If it names
    // another file by now, that file is not changed.
    if (!isClosedHandle(this.#port.setNotificationModes(handle.handle, 0))) return false;
    // The handle keeps its place until the last request on it is complete.
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
