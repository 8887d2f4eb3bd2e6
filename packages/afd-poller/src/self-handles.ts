import {
  FILE_SKIP_SET_EVENT_ON_HANDLE,
  FileIoCompletionNotificationInformation,
  type HANDLE,
  isNtError,
  NtStatusError,
  STATUS_INVALID_PARAMETER,
} from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import type { CompletionPort } from './completion-port.js';
import { PollerError } from './errors.js';
import type { Registration } from './registration.js';
import type { RequestHandles } from './single-request-way.js';

/**
 * Polls on the socket's own base handle. No handle more than the sockets themselves; but a socket
 * belongs to one port for its life, so it cannot move to another poller.
 */
export class SelfHandles implements RequestHandles {
  readonly name = 'self';
  readonly skipsPacketOnSuccess = false;
  readonly helpers = 0;
  readonly #port: CompletionPort;
  readonly #associated = new WeakSet<Skt>();

  constructor(port: CompletionPort) {
    this.#port = port;
  }

  attach({ skt, base }: Registration): void {
    // For life: one that was removed and comes again is associated already.
    if (this.#associated.has(skt)) return;
    const status = this.#port.associate(base, 0);
    if (status === STATUS_INVALID_PARAMETER) {
      throw new PollerError(
        'ERR_OTHER_PORT',
        'NtSetInformationFile refused with STATUS_INVALID_PARAMETER: the socket belongs to another ' +
          'completion port, for life. A poller that is not made with { way: "self" } can poll it.',
      );
    }
    if (isNtError(status)) throw new NtStatusError('NtSetInformationFile', status);
    this.#associated.add(skt);
    // Nobody waits on the handle itself; to set its event at each completion is for nothing. Where
    // the flag is not known, that is all that is lost.
    const skip = FILE_SKIP_SET_EVENT_ON_HANDLE;
    this.#port.setFlags(base, skip, FileIoCompletionNotificationInformation);
  }

  handleOf({ base }: Registration): HANDLE {
    return base;
  }

  isLost(): boolean {
    // The handle is the socket.
    return false;
  }

  detach(): void {}

  close(): void {}
}
