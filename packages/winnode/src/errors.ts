/** Why {@link WinnodeError} was thrown; stable, for programs to branch on. */
export type WinnodeErrorCode =
  | 'ERR_WINE_MISSING'
  | 'ERR_WINE_TOO_OLD'
  | 'ERR_WINDOWS_NODE_MISSING'
  | 'ERR_PREFIX_REFUSED'
  | 'ERR_PREFIX_FAILED'
  | 'ERR_INTERRUPTED'
  | 'ERR_LOCK'
  | 'ERR_WINESERVER'
  | 'ERR_LAUNCH';

/** An error of winnode itself: what failed in `message`, what to do about it in `hint`. */
export class WinnodeError extends Error {
  readonly code: WinnodeErrorCode;
  /** What to type or change next, one or more lines. */
  readonly hint: string;

  constructor(code: WinnodeErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WinnodeError';
    this.code = code;
    this.hint = hint;
  }
}
