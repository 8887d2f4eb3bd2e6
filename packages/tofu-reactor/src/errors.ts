/** Stable codes that a program can branch on. Errors of sockets have Node's codes instead. */
export type ReactorErrorCode =
  | 'ERR_REACTOR_ARGUMENT'
  | 'ERR_REACTOR_CLOSED'
  | 'ERR_REACTOR_MODE'
  | 'ERR_REACTOR_LOOP'
  | 'ERR_REACTOR_THREAD'
  | 'ERR_REACTOR_REENTERED'
  | 'ERR_REACTOR_BUSY'
  | 'ERR_REACTOR_ENDED'
  | 'ERR_REACTOR_BUFFER_FULL'
  | 'ERR_REACTOR_LIMIT';

/**
 * A reactor, a server or a connection was used wrongly, or a limit was reached. The failed call
 * changed nothing.
 */
export class ReactorError extends Error {
  /** Stable: programs may branch on it. */
  readonly code: ReactorErrorCode;

  constructor(code: ReactorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReactorError';
    this.code = code;
  }
}
