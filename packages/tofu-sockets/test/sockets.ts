import { nativeMemory, ntKernel, WsaError } from 'ntdllx';
import { eventually } from 'test-kit';
import {
  type AcceptedSkt,
  type ClientSkt,
  clientAddressOf,
  type Endpoint,
  type ListenerSkt,
  type Skt,
  SocketCreator,
  type StreamSkt,
  TCPClientAddress,
  TCPServerAddress,
  type WouldBlock,
  wouldBlock,
} from 'tofu-sockets';
import { winsockUsers } from 'tofu-sockets/internal';
import { expect } from 'vitest';

export { eventually };

export const creator = new SocketCreator();
const open: Skt[] = [];

/** Closes the socket at the end of the test, whatever happens. */
export function keep<T extends Skt>(skt: T): T {
  open.push(skt);
  return skt;
}

/** Closes the sockets of {@link keep}; no socket may be left open then. For `afterEach`. */
export function closeAll(): void {
  for (const skt of open.splice(0)) skt.close();
  expect(winsockUsers(ntKernel)).toBe(0);
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
}

export const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** What a call returns, or the name of the Winsock error that it throws. */
export function outcome<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    if (error instanceof WsaError) return error.wsaName;
    throw error;
  }
}

/** A result of recv, as the rows of `test-kit` name it: the data, the end, or the error's name. */
export function received(call: () => number | WouldBlock): string {
  const answer = outcome(call);
  if (typeof answer === 'string') return answer;
  if (answer === wouldBlock) return 'would-block';
  return answer === 0 ? 'the end' : 'the data';
}

/** A listener on loopback. */
export const listen = (port = 0): ListenerSkt<Endpoint> =>
  keep(creator.fromAddress(new TCPServerAddress('127.0.0.1', port)));

/** A client whose connect to a listener was started. */
export function connectTo(listener: ListenerSkt): ClientSkt {
  const client = keep(creator.fromAddress(clientAddressOf(listener.localEndpoint())));
  client.connect();
  return client;
}

/** A connected pair on loopback. */
export async function connectPair(
  host = '127.0.0.1',
): Promise<{ client: ClientSkt; server: AcceptedSkt }> {
  const listener = keep(creator.fromAddress(new TCPServerAddress(host, 0)));
  const client = keep(
    creator.fromAddress(new TCPClientAddress(host, listener.localEndpoint().port)),
  );
  client.connect();
  const server = keep(await eventually(() => listener.accept()));
  await eventually(() => client.finishConnect());
  listener.close();
  return { client, server };
}

/** Receives until the end of the stream. */
export async function receiveAll(skt: StreamSkt): Promise<Buffer> {
  const parts: Buffer[] = [];
  const buffer = Buffer.alloc(65_536);
  for (;;) {
    const count = await eventually(() => skt.recv(buffer));
    if (count === 0) return Buffer.concat(parts);
    parts.push(Buffer.from(buffer.subarray(0, count)));
  }
}
