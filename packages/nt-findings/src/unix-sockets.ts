import { SktError, SocketCreator, UDSClientAddress } from 'tofu-sockets';

/**
 * Whether this host has AF_UNIX sockets: one is made and closed. Which Wine or Windows it is says
 * nothing: wine-staging has them, the Wine it is made of has not.
 *
 * @returns the reason where there are none; it is empty where there are.
 * @throws {HostError} where there is no NT. @throws {WsaError} for a refusal that says something else.
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
