/** What went wrong, for programs to branch on; stable. Failed calls are ntdllx's `WsaError`. */
export type SktErrorCode =
  | 'ERR_ADDRESS'
  | 'ERR_SKT_ARGUMENT'
  | 'ERR_SKT_CLOSED'
  | 'ERR_SKT_KIND'
  | 'ERR_SKT_UNSUPPORTED';

/** A socket or an address used wrongly: nothing was called, and the object is as it was. */
export class SktError extends Error {
  readonly code: SktErrorCode;

  constructor(code: SktErrorCode, message: string) {
    super(message);
    this.name = 'SktError';
    this.code = code;
  }
}
