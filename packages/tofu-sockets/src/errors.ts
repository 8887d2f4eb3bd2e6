/** What went wrong, for programs to branch on; stable. Failed calls are ntdllx's `WsaError`. */
export type SktErrorCode =
  | 'ERR_ADDRESS'
  | 'ERR_RESOLVE'
  | 'ERR_SKT_ARGUMENT'
  | 'ERR_SKT_CLOSED'
  | 'ERR_SKT_KIND'
  | 'ERR_SKT_STATE'
  | 'ERR_SKT_UNSUPPORTED'
  | 'ERR_UDS_FILE';

/** A socket or an address used wrongly: nothing was called, and the object is as it was. */
export class SktError extends Error {
  readonly code: SktErrorCode;

  constructor(code: SktErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SktError';
    this.code = code;
  }
}
