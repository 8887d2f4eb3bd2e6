import {
  FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
  FILE_SKIP_SET_EVENT_ON_HANDLE,
  FileIoCompletionNotificationInformation,
  type HANDLE,
  isNtError,
  type Kernel,
  type NTSTATUS,
  NtStatusError,
} from 'ntdllx';
import { openAfd } from './afd-device.js';
import type { CompletionPort } from './completion-port.js';
import type { RequestHandles } from './single-request-way.js';
import { closedBehindOurBack } from './way.js';

/** Who makes requests on a handle. */
export interface Placed {
  place: number;
}

interface Helper {
  readonly handle: HANDLE;
  users: number;
}

/**
 * Polls on handles to the socket driver itself, each for a bounded number of sockets: to cancel one
 * request, NT looks through all that are pending on its handle. The sockets stay as they were, so
 * they may belong to any port, or to none.
 */
export class HelperHandles implements RequestHandles {
  readonly name = 'helper';
  readonly skipsPacketOnSuccess: boolean;
  readonly #kernel: Kernel;
  readonly #port: CompletionPort;
  readonly #pollsPerHelper: number;
  /** By place; a hole is a helper that was closed. */
  readonly #helpers: (Helper | undefined)[] = [];
  /** Places with room for one more. */
  readonly #roomy = new Set<number>();
  /** Where the last one was attached: most likely there is room for the next one, too. */
  #current = 0;
  #open = 0;
  /** The place of the empty helper that is kept. */
  #spare: number | undefined;

  constructor(
    kernel: Kernel,
    port: CompletionPort,
    options: { readonly pollsPerHelper: number; readonly skipsPacketOnSuccess: boolean },
  ) {
    this.#kernel = kernel;
    this.#port = port;
    this.#pollsPerHelper = options.pollsPerHelper;
    this.skipsPacketOnSuccess = options.skipsPacketOnSuccess;
  }

  get helpers(): number {
    return this.#open;
  }

  /** Makes sure that there is one. @throws {NtStatusError} when NT refuses. */
  open(): void {
    if (this.#open === 0) this.#spare = this.#openHelper();
  }

  attach(user: Placed): void {
    const place = this.#roomy.has(this.#current) ? this.#current : this.#findRoom();
    const helper = this.#helpers[place] as Helper;
    this.#current = place;
    helper.users += 1;
    if (this.#spare === place) this.#spare = undefined;
    if (helper.users === this.#pollsPerHelper) this.#roomy.delete(place);
    user.place = place;
  }

  handleOf({ place }: Placed): HANDLE {
    return (this.#helpers[place] as Helper).handle;
  }

  isLost(user: Placed, status: NTSTATUS): boolean {
    if (!closedBehindOurBack.includes(status)) return false;
    const information = FileIoCompletionNotificationInformation;
    // No flag: where it is somebody else's by now, nothing is changed.
    const said = this.#port.setFlags(this.handleOf(user), 0, information);
    return closedBehindOurBack.includes(said);
  }

  #findRoom(): number {
    const [place = this.#openHelper()] = this.#roomy;
    return place;
  }

  detach({ place }: Placed): void {
    const helper = this.#helpers[place];
    // Closed with all the others, before the last packets came.
    if (helper === undefined) return;
    helper.users -= 1;
    this.#roomy.add(place);
    if (helper.users > 0) return;
    // One that is empty stays: clients that come and go would have it opened each time.
    if (this.#spare === undefined || this.#spare === place) {
      this.#spare = place;
      return;
    }
    this.#kernel.NtClose(helper.handle);
    this.#helpers[place] = undefined;
    this.#roomy.delete(place);
    this.#open -= 1;
  }

  close(): void {
    for (const helper of this.#helpers) {
      if (helper !== undefined) this.#kernel.NtClose(helper.handle);
    }
    this.#helpers.length = 0;
    this.#roomy.clear();
    this.#spare = undefined;
    this.#open = 0;
  }

  #openHelper(): number {
    const handle = openAfd(this.#kernel);
    try {
      this.#require(this.#port.associate(handle, 0));
      const flags =
        FILE_SKIP_SET_EVENT_ON_HANDLE |
        (this.skipsPacketOnSuccess ? FILE_SKIP_COMPLETION_PORT_ON_SUCCESS : 0);
      const information = FileIoCompletionNotificationInformation;
      this.#require(this.#port.setFlags(handle, flags, information));
    } catch (error) {
      this.#kernel.NtClose(handle);
      throw error;
    }
    const hole = this.#helpers.indexOf(undefined);
    const place = hole === -1 ? this.#helpers.length : hole;
    this.#helpers[place] = { handle, users: 0 };
    this.#roomy.add(place);
    this.#open += 1;
    return place;
  }

  #require(status: number): void {
    if (isNtError(status)) throw new NtStatusError('NtSetInformationFile', status);
  }
}
