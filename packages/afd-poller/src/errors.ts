/** What went wrong, for programs to branch on; stable. Calls that NT refused are ntdllx's errors. */
export type PollerErrorCode =
  | 'ERR_POLLER_ARGUMENT'
  | 'ERR_POLLER_CLOSED'
  | 'ERR_POLLER_REENTERED'
  | 'ERR_POLLER_MAIN_THREAD'
  | 'ERR_POLLER_LEAK'
  | 'ERR_ALREADY_REGISTERED'
  | 'ERR_NOT_REGISTERED'
  | 'ERR_OTHER_PORT';

/**
 * The poller was used wrongly: nothing was changed, and it is as usable as before. `ERR_POLLER_LEAK` is
 * of a poller that is closed.
 */
export class PollerError extends Error {
  readonly code: PollerErrorCode;

  constructor(code: PollerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PollerError';
    this.code = code;
  }
}
