import type { NtStatusError } from 'ntdllx';
import type { Skt } from 'tofu-sockets';

/** What went wrong, for programs to branch on; stable. Calls that NT refused are ntdllx's errors. */
export type PollerErrorCode =
  | 'ERR_POLLER_ARGUMENT'
  | 'ERR_POLLER_CLOSED'
  | 'ERR_POLLER_REENTERED'
  | 'ERR_POLLER_MAIN_THREAD'
  | 'ERR_POLLER_LEAK'
  | 'ERR_ALREADY_REGISTERED'
  | 'ERR_NOT_REGISTERED'
  | 'ERR_OTHER_PORT'
  | 'ERR_POLL_REFUSED';

/**
 * The poller was used wrongly: nothing was changed, and it is as usable as before. Two say more than
 * that: `ERR_POLLER_LEAK`, of a poller that is closed, and `ERR_POLL_REFUSED`.
 */
export class PollerError extends Error {
  readonly code: PollerErrorCode;

  constructor(code: PollerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PollerError';
    this.code = code;
  }
}

/**
 * NT did not take a request about one socket, and nothing else was to be told. It is tried again by
 * the next wait; to be rid of it, remove the socket.
 */
export class PollRefusedError extends PollerError {
  /** Which socket, and the token it was registered with. */
  readonly skt: Skt;
  readonly token: unknown;

  constructor(
    { skt, token }: { readonly skt: Skt; readonly token: unknown },
    cause: NtStatusError,
  ) {
    super('ERR_POLL_REFUSED', `This ${skt.kind} socket cannot be polled: ${cause.message}`, {
      cause,
    });
    this.name = 'PollRefusedError';
    this.skt = skt;
    this.token = token;
  }
}
