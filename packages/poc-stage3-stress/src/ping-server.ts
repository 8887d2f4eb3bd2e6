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
  /** Answers that are not sent yet, in bytes. */
  unsent: number;
}

/**
 * accept fails with WSAECONNRESET if a client has closed its connection before it was accepted.
 */
const closedBeforeAccept = 'WSAECONNRESET';

/** Counters of a server. */
export interface PingCounts {
  accepted: number;
  /** Complete messages, which were answered. */
  pings: number;
  /** Peers that ended gracefully. `broken` counts the peers whose connections failed. */
  ended: number;
  broken: number;
  /** Peers that vanished inside a message. */
  truncated: number;
  /** Registrations that `disturb` removed while a poll was pending, and added again. */
  readded: number;
}

function rethrow(error: unknown): never {
  throw error;
}

/** A server that answers pings. It uses the engine, whereas the server of stage 2 makes the calls of NT itself. */
export class PingServer<E extends SktEndpoint = Endpoint> {
  readonly endpoint: E;
  readonly creator: SocketCreator;
  readonly poller: AfdPoller<Peer | undefined>;
  readonly counts: PingCounts = {
    accepted: 0,
    pings: 0,
    ended: 0,
    broken: 0,
    truncated: 0,
    readded: 0,
  };
  readonly #listener: ListenerSkt<E>;
  readonly #peers = new Set<Peer>();
  readonly #events = new PollEvents<Peer | undefined>();
  readonly #buffer = Buffer.alloc(4_096);

  /**
   * Starts listening. If that fails, nothing stays open.
   *
   * @param creator creates the sockets of the server and of its clients.
   * @param address default: a free port on the loopback address.
   * @param newPoller creates the poller; default: one on the kernel of this process.
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

  /** Waits once, and answers the messages that have arrived. @returns the number of events. */
  turn(timeoutMs: number): number {
    const events = this.poller.wait(timeoutMs, this.#events);
    // Every event is handled, even if another one throws.
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

  /** The sockets of all peers, for {@link disturb}. */
  sockets(): Skt[] {
    return [...this.#peers].map(({ skt }) => skt);
  }

  /** Removes a peer's registration in any state of its poll, and adds the socket again. */
  disturb(skt: Skt): void {
    const peer = [...this.#peers].find((each) => each.skt === skt);
    if (peer === undefined) return;
    const { registrations, pending } = this.poller.inspect();
    this.poller.remove(skt);
    const isGone = this.poller.inspect().registrations === registrations - 1;
    this.poller.add(skt, { readable: true }, peer);
    // The polls of the listener and of the peer were pending, and the kernel still owns the block
    // of the removed one.
    if (isGone && pending > 1) this.counts.readded += 1;
  }

  /** Closes the poller first, even with pending polls, and then the sockets. */
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
        if (error instanceof WsaError && error.wsaName === closedBeforeAccept) continue;
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
      // Otherwise an error of the cleanup would hide the first error.
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

  /** Sends the answers that are due. While some are left, the interest is `writable` only. */
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
    if (peer.reader.isInside) this.counts.truncated += 1;
    this.#peers.delete(peer);
    // The socket is closed without being removed, because it notifies the engine.
    peer.skt.close();
  }
}
