import { type AfdPoller, PollEvents } from 'afd-poller';
import { WsaError } from 'ntdllx';
import { listenAt, runAll, type ServerAddress } from 'poc-kit';
import {
  type AcceptedSkt,
  type Endpoint,
  type ListenerSkt,
  type Skt,
  type SktEndpoint,
  SocketCreator,
  TCPServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { blockingPoller, type NewPoller } from './new-poller.js';
import { PingReader, ping } from './ping.js';

interface Peer {
  readonly skt: AcceptedSkt;
  readonly reader: PingReader;
  /** Answers that are still to be sent, in bytes. */
  unsent: number;
}

/** WSAECONNRESET of accept: a client gave up while it waited. */
const goneWhileWaiting = 'WSAECONNRESET';

/** What a server did. */
export interface PingCounts {
  accepted: number;
  /** Messages that came whole, and were answered. */
  pings: number;
  /** Peers that left in order, and those that broke off. */
  ended: number;
  broken: number;
  /** Peers that left inside a message. */
  cutShort: number;
  /** Registrations that were removed behind the server's back while a poll was pending, and put back. */
  readded: number;
}

function rethrow(error: unknown): never {
  throw error;
}

/** Answers pings, on the engine: what stage 2 does by hand is a dozen lines here. */
export class PingServer<E extends SktEndpoint = Endpoint> {
  readonly endpoint: E;
  readonly creator: SocketCreator;
  readonly poller: AfdPoller<Peer | undefined>;
  readonly counts: PingCounts = {
    accepted: 0,
    pings: 0,
    ended: 0,
    broken: 0,
    cutShort: 0,
    readded: 0,
  };
  readonly #listener: ListenerSkt<E>;
  readonly #peers = new Set<Peer>();
  readonly #events = new PollEvents<Peer | undefined>();
  readonly #buffer = Buffer.alloc(4_096);

  /**
   * Listens. Nothing is left open when that fails.
   *
   * @param creator makes its sockets, and those of its clients.
   * @param address default: a free port of the loopback.
   * @param newPoller makes its poller; default: one of this process' kernel.
   */
  constructor(
    creator = new SocketCreator(),
    address = new TCPServerAddress('127.0.0.1', 0) as ServerAddress<E>,
    newPoller: NewPoller = blockingPoller,
  ) {
    this.creator = creator;
    this.#listener = listenAt<E>(creator, address);
    let poller: AfdPoller<Peer | undefined> | undefined;
    try {
      this.endpoint = this.#listener.localEndpoint();
      poller = newPoller<Peer | undefined>();
      poller.add(this.#listener, { accept: true });
      this.poller = poller;
    } catch (error) {
      runAll([() => rethrow(error), () => poller?.close(), () => this.#listener.close()]);
      throw error;
    }
  }

  /** How many peers are connected. */
  get open(): number {
    return this.#peers.size;
  }

  /** Waits once, and answers. @returns how many events there were. */
  turn(timeoutMs: number): number {
    const events = this.poller.wait(timeoutMs, this.#events);
    // All of them, whatever one of them throws.
    runAll(this.#steps(events));
    return events.length;
  }

  *#steps(events: PollEvents<Peer | undefined>): Generator<() => void> {
    for (const event of events) {
      if (event.kind !== 'socket') continue;
      const { token: peer, isReset } = event;
      if (peer === undefined) yield () => this.#accept();
      else if (isReset) yield () => this.#leave(peer, 'broken');
      else yield () => this.#serve(peer);
    }
  }

  /** The sockets of all peers, for whoever wants to disturb them. */
  sockets(): Skt[] {
    return [...this.#peers].map(({ skt }) => skt);
  }

  /** Removes a peer's registration, whatever its poll does just now, and makes another one. */
  disturb(skt: Skt): void {
    const peer = [...this.#peers].find((each) => each.skt === skt);
    if (peer === undefined) return;
    const { registrations, pending } = this.poller.inspect();
    this.poller.remove(skt);
    const isGone = this.poller.inspect().registrations === registrations - 1;
    this.poller.add(skt, { readable: true }, peer);
    // The listener's poll and the peer's were pending; the removed one's block is still the kernel's.
    if (isGone && pending > 1) this.counts.readded += 1;
  }

  /** Closes the poller first, whatever is pending, then the sockets. */
  close(): void {
    const sockets = [this.#listener, ...this.sockets()];
    this.#peers.clear();
    runAll([() => this.poller.close(), ...sockets.map((skt) => () => skt.close())]);
  }

  #accept(): void {
    for (;;) {
      let skt: AcceptedSkt | typeof wouldBlock;
      try {
        skt = this.#listener.accept();
      } catch (error) {
        if (error instanceof WsaError && error.wsaName === goneWhileWaiting) continue;
        throw error;
      }
      if (skt === wouldBlock) return;
      this.#welcome({ skt, reader: new PingReader(), unsent: 0 });
    }
  }

  #welcome(peer: Peer): void {
    this.counts.accepted += 1;
    this.#peers.add(peer);
    try {
      this.poller.add(peer.skt, { readable: true }, peer);
    } catch (error) {
      // Otherwise the failure would be lost.
      runAll([() => rethrow(error), () => this.#leave(peer, 'broken')]);
    }
  }

  #serve(peer: Peer): void {
    try {
      if (peer.unsent === 0) {
        const count = peer.skt.recv(this.#buffer);
        if (count === 0) {
          this.#leave(peer, 'ended');
          return;
        }
        if (count === wouldBlock) return;
        peer.unsent = peer.reader.read(count) * ping.byteLength;
        this.counts.pings += peer.unsent / ping.byteLength;
      }
      this.#answer(peer);
    } catch (error) {
      if (!(error instanceof WsaError)) throw error;
      this.#leave(peer, 'broken');
    }
  }

  /** Sends what is due; asks for room only while something is left, and then for nothing else. */
  #answer(peer: Peer): void {
    const before = peer.unsent;
    while (peer.unsent > 0) {
      const done = peer.unsent % ping.byteLength;
      const rest = done === 0 ? ping : ping.subarray(ping.byteLength - done);
      const sent = peer.skt.send(rest);
      if (sent === wouldBlock) break;
      peer.unsent -= sent;
    }
    if (peer.unsent > 0) this.poller.modify(peer.skt, { writable: true });
    else if (before > 0) this.poller.modify(peer.skt, { readable: true });
  }

  #leave(peer: Peer, how: 'ended' | 'broken'): void {
    this.counts[how] += 1;
    if (peer.reader.isInside) this.counts.cutShort += 1;
    this.#peers.delete(peer);
    // Closed without being removed: the socket notifies the engine.
    peer.skt.close();
  }
}
