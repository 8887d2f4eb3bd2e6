/**
 * Stable codes that a program can branch on. A call that NT refused throws an error of ntdllx
 * instead.
 */
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
 * The poller was used wrongly. The failed call changed nothing, and the poller stays usable. The
 * exception is `ERR_POLLER_LEAK`, which a poller throws while it is closed.
 */
export class PollerError extends Error {
  /** Stable: programs may branch on it. */
  readonly code: PollerErrorCode;

  constructor(code: PollerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PollerError';
    this.code = code;
  }
}
