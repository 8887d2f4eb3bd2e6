import {
  type Endpoint,
  type ListenerSkt,
  type PathEndpoint,
  type SktEndpoint,
  SktError,
  type SocketCreator,
  type TCPServerAddress,
  type UDSServerAddress,
} from 'tofu-sockets';
import type { Proof } from './proof.js';

/** The type of the address for a listener with this kind of endpoint. */
export type ServerAddress<E extends SktEndpoint> = [E] extends [Endpoint]
  ? TCPServerAddress
  : [E] extends [PathEndpoint]
    ? UDSServerAddress
    : TCPServerAddress | UDSServerAddress;

/** Listens at an address of either kind. */
export function listenAt<E extends SktEndpoint>(
  creator: SocketCreator,
  address: ServerAddress<E>,
): ListenerSkt<E> {
  const listener: ListenerSkt = creator.fromAddress(address as ServerAddress<SktEndpoint>);
  return listener as ListenerSkt<E>;
}

/** An endpoint as text: `127.0.0.1:7099`, or a path. */
export function inWords(end: SktEndpoint): string {
  return 'path' in end ? end.path : `${end.host}:${end.port}`;
}

/** The line with the address on which a stage listens. */
export function listeningAt(end: SktEndpoint): string {
  return `listening on ${'path' in end ? end.path : `${end.host} port ${end.port}`}`;
}

/**
 * Creates sockets of a kind that not every host supports. If the host has none, the proof ends as
 * `unsupported`, with the reason.
 */
export function whereSupported<T>(proof: Proof, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SktError && error.code === 'ERR_SKT_UNSUPPORTED')) throw error;
    return proof.unsupported(error.message);
  }
}
