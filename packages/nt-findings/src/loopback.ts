import { everything, RawPoller } from 'nt-afd/raw-poll';
import { WsaError } from 'ntdllx';
import {
  type AcceptedSkt,
  type ClientSkt,
  type DatagramSkt,
  type Endpoint,
  type ListenerSkt,
  type Skt,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  type WouldBlock,
  wouldBlock,
} from 'tofu-sockets';
import { bitsText } from './text.js';

/** How long a probe waits for a poll that should not complete. */
const silentMs = 150;
/** The time limit of a poll that should complete. */
export const soonMs = 2_000;

/** Makes sockets and polls on loopback. {@link close} closes all of them. */
export class Loopback {
  readonly #creator = new SocketCreator();
  readonly #skts: Skt[] = [];
  readonly #pollers: RawPoller[] = [];
  #poller: RawPoller | undefined;

  /** The first poller. */
  get poller(): RawPoller {
    this.#poller ??= this.newPoller();
    return this.#poller;
  }

  /** Creates another poller. */
  newPoller(): RawPoller {
    const poller = new RawPoller();
    this.#pollers.push(poller);
    return poller;
  }

  /** Registers a socket to be closed at the end. */
  keep<T extends Skt>(skt: T): T {
    this.#skts.push(skt);
    return skt;
  }

  /** A listener on 127.0.0.1. */
  listen(): ListenerSkt<Endpoint> {
    return this.keep(this.#creator.fromAddress(new TCPServerAddress('127.0.0.1', 0)));
  }

  /** An unconnected client for a port on 127.0.0.1. */
  client(port: number): ClientSkt {
    return this.keep(this.#creator.fromAddress(new TCPClientAddress('127.0.0.1', port)));
  }

  /** A UDP socket, bound. */
  datagram(): DatagramSkt {
    return this.keep(this.#creator.fromAddress(new UDPAddress()));
  }

  /** A client whose connect to a listener was started. */
  connectTo(listener: ListenerSkt<Endpoint>): ClientSkt {
    const client = this.client(listener.localEndpoint().port);
    client.connect();
    return client;
  }

  /** A connected pair. */
  async connectPair(): Promise<{ client: ClientSkt; server: AcceptedSkt }> {
    const listener = this.listen();
    const client = this.connectTo(listener);
    const server = this.keep(await eventually(() => listener.accept()));
    await eventually(() => client.finishConnect());
    listener.close();
    return { client, server };
  }

  /** The server's side of a connection that its client reset. */
  async resetByPeer(): Promise<AcceptedSkt> {
    const { client, server } = await this.connectPair();
    client.abortOnClose();
    client.close();
    await pause(20);
    return server;
  }

  /** The bits that a poll reports, except `without`. The poll should complete. */
  async reported(skt: Skt, mask = everything, without = 0): Promise<string> {
    return bitsText((await this.poller.events(skt, mask, soonMs)) & ~without);
  }

  /** The same for a poll that is not expected to complete: it waits for a shorter time. */
  async reportedOrSilent(skt: Skt, mask = everything, without = 0): Promise<string> {
    return bitsText((await this.poller.events(skt, mask, silentMs)) & ~without);
  }

  /** Ends all polls and closes everything: first the AFD handles of the polls, then the sockets. */
  close(): void {
    try {
      for (const poller of this.#pollers.splice(0)) poller.close();
    } finally {
      for (const skt of this.#skts.splice(0)) skt.close();
    }
  }
}

/** Lets the kernel and the event loop continue for a time. */
export const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Repeats a call until its result is not would-block. */
async function eventually<T>(ask: () => T | WouldBlock): Promise<T> {
  for (let waitedMs = 0; waitedMs < 5_000; waitedMs += 5) {
    const answer = ask();
    if (answer !== wouldBlock) return answer as T;
    await pause(5);
  }
  throw new Error(
    'A connection on 127.0.0.1 was not established within 5 s. Does a firewall block loopback?',
  );
}

/** Sends until the buffers of both sides are full. */
export async function fill(skt: Skt & Pick<ClientSkt, 'send'>): Promise<void> {
  const piece = new Uint8Array(40_000);
  for (let refused = 0; refused < 5; ) {
    if (skt.send(piece) !== wouldBlock) {
      refused = 0;
      continue;
    }
    refused += 1;
    await pause(20);
  }
}

/** Receives until the connection has ended, or nothing more has come for a time. */
export async function drain(skt: Skt & Pick<AcceptedSkt, 'recv'>): Promise<void> {
  const into = new Uint8Array(65_536);
  for (let refused = 0; refused < 10; ) {
    const count = outcome(() => skt.recv(into));
    if (count === '0' || count.startsWith('WSA')) return;
    if (count !== 'would-block') {
      refused = 0;
      continue;
    }
    refused += 1;
    await pause(20);
  }
}

/** The result of a call as text, or the name of the Winsock error that the call throws. */
export function outcome(call: () => unknown): string {
  try {
    const answer = call();
    return answer === wouldBlock ? 'would-block' : String(answer);
  } catch (error) {
    if (error instanceof WsaError) return error.wsaName;
    throw error;
  }
}
