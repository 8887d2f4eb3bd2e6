/**
 * What went wrong, for programs to branch on; stable. Failed calls are ntdllx's `WsaError`.
 *
 * - `ERR_ADDRESS`: what was given is no address, or none that can be a listener, or a target.
 * - `ERR_RESOLVE`: a host's name has no address, or the resolver could not be asked.
 * - `ERR_SKT_ARGUMENT`: another argument is wrong.
 * - `ERR_SKT_CLOSED`: the socket was closed before, or is being closed.
 * - `ERR_SKT_KIND`: sockets of this kind do not have the call.
 * - `ERR_SKT_STATE`: the call was made already, or comes too early.
 * - `ERR_SKT_UNSUPPORTED`: this host does not have such sockets.
 * - `ERR_UDS_FILE`: the file of a Unix domain socket is in the way, or could not be looked at, or removed.
 */
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
