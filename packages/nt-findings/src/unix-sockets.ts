import { SktError, SocketCreator, UDSClientAddress } from 'tofu-sockets';

/**
 * Checks whether this host has AF_UNIX sockets, by creating and closing one. The version number
 * does not show it: wine-staging has AF_UNIX, and Wine of the same version does not.
 *
 * @returns the reason if there are none; it is empty if there are.
 * @throws {HostError} if there is no NT.
 * @throws {WsaError} for any other error of the creation.
 */
export function askForUnixSockets(): { readonly isPresent: boolean; readonly reason: string } {
  try {
    new SocketCreator().fromAddress(new UDSClientAddress('asked')).close();
    return { isPresent: true, reason: '' };
  } catch (error) {
    if (!(error instanceof SktError) || error.code !== 'ERR_SKT_UNSUPPORTED') throw error;
    return { isPresent: false, reason: 'a socket of AF_UNIX was refused with WSAEAFNOSUPPORT' };
  }
}
