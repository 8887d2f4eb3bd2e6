import { AfdPoller, PollEvents } from 'afd-poller';
import { WsaError } from 'ntdllx';
import { type Endpoint, type Skt, SocketCreator, TCPServerAddress, wouldBlock } from 'tofu-sockets';
import { PingReader, ping } from './ping.js';

interface Peer {
  readonly skt: Skt;
  readonly reader: PingReader;
  /** Answers that are still to be sent, in bytes. */
  unsent: number;
}

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
}

/** Answers pings, on the engine: what stage 2 does by hand is a dozen lines here. */
export class PingServer {
  readonly endpoint: Endpoint;
  readonly poller: AfdPoller<Peer>;
  readonly counts: PingCounts = { accepted: 0, pings: 0, ended: 0, broken: 0, cutShort: 0 };
  readonly #listener: Skt;
  readonly #peers = new Set<Peer>();
  readonly #events = new PollEvents<Peer>();
  readonly #buffer = Buffer.alloc(4_096);

  /** Listens on a free port of the loopback. */
  constructor() {
    // A stage has its thread for itself and may block it.
    this.poller = new AfdPoller<Peer>({ allowMainThread: true });
    this.#listener = new SocketCreator().fromAddress(new TCPServerAddress('127.0.0.1', 0));
    this.endpoint = this.#listener.localEndpoint();
    this.poller.add(this.#listener, { accept: true });
  }

  /** How many peers are connected. */
  get open(): number {
    return this.#peers.size;
  }

  /** Waits once, and answers. @returns how many events there were. */
  turn(timeoutMs: number): number {
    const events = this.poller.wait(timeoutMs, this.#events);
    for (const event of events) {
      const { token: peer } = event;
      if (peer === undefined) this.#accept();
      else if (event.isReset) this.#leave(peer, 'broken');
      else this.#serve(peer);
    }
    return events.length;
  }

  /** The sockets of all peers, for whoever wants to disturb them. */
  sockets(): Skt[] {
    return [...this.#peers].map(({ skt }) => skt);
  }

  /** Registers a peer again that was removed behind the server's back. */
  readd(skt: Skt): void {
    const peer = [...this.#peers].find((each) => each.skt === skt);
    if (peer !== undefined) this.poller.add(skt, { receive: true }, peer);
  }

  /** Closes the poller first, whatever is pending, then the sockets. */
  close(): void {
    this.poller.close();
    this.#listener.close();
    for (const { skt } of this.#peers) skt.close();
    this.#peers.clear();
  }

  #accept(): void {
    for (;;) {
      const skt = this.#listener.accept();
      if (skt === wouldBlock) return;
      const peer = { skt, reader: new PingReader(), unsent: 0 };
      this.counts.accepted += 1;
      this.#peers.add(peer);
      this.poller.add(skt, { receive: true }, peer);
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
    if (peer.unsent > 0) this.poller.modify(peer.skt, { send: true });
    else if (before > 0) this.poller.modify(peer.skt, { receive: true });
  }

  #leave(peer: Peer, how: 'ended' | 'broken'): void {
    this.counts[how] += 1;
    if (peer.reader.isInside) this.counts.cutShort += 1;
    this.#peers.delete(peer);
    // Closed without being removed: the engine is told by the socket.
    peer.skt.close();
  }
}
