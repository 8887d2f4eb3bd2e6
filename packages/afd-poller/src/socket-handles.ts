import type { CompletionPort } from 'nt-afd';
import {
  FILE_SKIP_SET_EVENT_ON_HANDLE,
  type HANDLE,
  isNtError,
  NtStatusError,
  STATUS_INVALID_PARAMETER,
} from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import { PollerError } from './errors.js';
import type { PollHandles } from './poll-handles.js';
import type { PollRequest } from './poll-request.js';
import type { Registration } from './registration.js';

/**
 * Submits polls on the socket's own base handle. This opens no handle. But NT associates a handle
 * with one port for its life, so a socket cannot move to another poller.
 */
export class SocketHandles implements PollHandles {
  // FILE_SKIP_COMPLETION_PORT_ON_SUCCESS is not set: it is not safe with a layered provider.
  readonly skipsPacketOnSuccess = false;
  readonly open: readonly HANDLE[] = [];
  readonly #port: CompletionPort;
  readonly #associated = new WeakSet<Skt>();

  constructor(port: CompletionPort) {
    this.#port = port;
  }

  prepare({ skt, base }: Registration): void {
    // The association is for life: a socket that was removed and is added again still has it.
    if (this.#associated.has(skt)) return;
    const status = this.#port.associate(base, 0);
    if (status === STATUS_INVALID_PARAMETER) {
      throw new PollerError(
        'ERR_OTHER_PORT',
        'NtSetInformationFile returned STATUS_INVALID_PARAMETER: the socket belongs to another ' +
          'completion port, for life. Use a poller whose option handle is "afd".',
      );
    }
    if (isNtError(status)) throw new NtStatusError('NtSetInformationFile', status);
    this.#associated.add(skt);
    // No thread waits on the handle itself. If NT does not know the flag, polls only take longer.
    this.#port.setNotificationModes(base, FILE_SKIP_SET_EVENT_ON_HANDLE);
  }

  attach(): void {}

  handleOf({ members }: PollRequest): HANDLE {
    return members.at(0).base;
  }

  detach(): void {}

  isLost(): boolean {
    // The handle is the socket's own.
    return false;
  }

  close(): void {}
}
