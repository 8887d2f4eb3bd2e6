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

/** Where a listener with such an endpoint listens. */
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

/** An endpoint for people: `127.0.0.1:7099`, or a path. */
export function inWords(end: SktEndpoint): string {
  return 'path' in end ? end.path : `${end.host}:${end.port}`;
}

/** The line that says where a stage listens. */
export function listeningAt(end: SktEndpoint): string {
  return `listening on ${'path' in end ? end.path : `${end.host} port ${end.port}`}`;
}

/**
 * Makes sockets of a kind that not every host has. On a host that has none the proof ends as
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
