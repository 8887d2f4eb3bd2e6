/**
 * The `code` of an error, for programs to branch on; these names do not change. A failed Winsock
 * call throws ntdllx's `WsaError` instead.
 *
 * - `ERR_ADDRESS`: the value is not an address, or not one for this purpose, such as 0.0.0.0 for a
 *   client.
 * - `ERR_RESOLVE`: the host name has no address, or the resolver failed.
 * - `ERR_SKT_ARGUMENT`: another argument is wrong.
 * - `ERR_SKT_CLOSED`: the socket is closed or is being closed.
 * - `ERR_SKT_KIND`: sockets of this kind do not have this method.
 * - `ERR_SKT_STATE`: the method was already called, or was called too early.
 * - `ERR_SKT_UNSUPPORTED`: this host does not have sockets of this address family.
 * - `ERR_UDS_FILE`: a file already exists at a Unix domain socket's path, or the file could not be
 *   examined or removed.
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

/** Wrong use of a socket or an address. Nothing was called, and the object is unchanged. */
export class SktError extends Error {
  /** Stable: programs may branch on it. */
  readonly code: SktErrorCode;

  constructor(code: SktErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SktError';
    this.code = code;
  }
}
