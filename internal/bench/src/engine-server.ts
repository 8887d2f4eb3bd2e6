import { AfdPoller, PollEvents, type WayName } from 'afd-poller';
import { type Kernel, WsaError } from 'ntdllx';
import { type Skt, SocketCreator, TCPServerAddress, wouldBlock } from 'tofu-sockets';
import type { CallCounts } from './counting-kernel.js';
import { reportServer, type ServerPorts } from './server-report.js';

/** How often one connection may read in a row before the others have their turn. */
const readBudget = 16;

type Role = 'listener' | 'control-listener' | 'control' | 'data';

/** A socket of the server, and what is to be sent on it still. */
interface Peer {
  readonly role: Role;
  readonly skt: Skt;
  unsent: Uint8Array | undefined;
}

/** What an {@link EngineServer} is made with. */
export interface EngineServerOptions {
  readonly way: WayName;
  readonly bufferBytes: number;
  readonly kernel: Kernel;
  /** The counts of `kernel`, if it counts. */
  readonly calls?: CallCounts;
}

/**
 * An echo server on the engine, as one would write it who reads the manual: one receive and one
 * send per event, another receive only when the buffer was full, asking for room only while
 * something is left.
 */
export class EngineServer {
  readonly ports: ServerPorts;
  readonly poller: AfdPoller<Peer>;
  readonly #events = new PollEvents<Peer>(64);
  readonly #calls: CallCounts | undefined;
  readonly #buffer: Buffer;
  readonly #peers = new Set<Peer>();
  #connections = 0;

  constructor({ way, bufferBytes, kernel, calls }: EngineServerOptions) {
    this.#calls = calls;
    this.#buffer = Buffer.alloc(bufferBytes);
    this.poller = new AfdPoller<Peer>({ way, kernel, allowMainThread: true });
    const creator = new SocketCreator(kernel);
    const listen = (role: Role) => {
      const skt = creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
      this.#add({ role, skt, unsent: undefined }, { accept: true });
      return skt.localEndpoint().port;
    };
    this.ports = { port: listen('listener'), control: listen('control-listener') };
  }

  /** Waits once, and serves. */
  turn(timeoutMs: number): void {
    for (const event of this.poller.wait(timeoutMs, this.#events)) {
      const peer = event.token as Peer;
      if (event.isAccept) this.#accept(peer);
      else if (event.isReset) this.#close(peer);
      else this.#serve(peer, event.isWritable);
    }
  }

  /** Ends it; everything is closed. */
  close(): void {
    this.poller.close();
    for (const { skt } of this.#peers) skt.close();
  }

  #add(peer: Peer, interest: object): void {
    this.#peers.add(peer);
    this.poller.add(peer.skt, interest, peer);
  }

  #accept(listener: Peer): void {
    const role = listener.role === 'listener' ? 'data' : 'control';
    for (;;) {
      const skt = listener.skt.accept();
      if (skt === wouldBlock) return;
      skt.setOption('noDelay', true);
      this.#add({ role, skt, unsent: undefined }, { receive: true });
      if (role === 'data') this.#connections += 1;
    }
  }

  #serve(peer: Peer, isWritable: boolean): void {
    try {
      const isOpen = peer.role === 'control' ? this.#report(peer) : this.#echo(peer, isWritable);
      if (!isOpen) this.#close(peer);
    } catch (error) {
      if (!(error instanceof WsaError)) throw error;
      this.#close(peer);
    }
  }

  /** @returns false at the end of the stream. */
  #echo(peer: Peer, isWritable: boolean): boolean {
    if (isWritable && peer.unsent !== undefined) {
      const rest = this.#send(peer.skt, peer.unsent);
      peer.unsent = rest === undefined ? undefined : rest.slice();
      if (rest !== undefined) return true;
      this.poller.modify(peer.skt, { receive: true });
    }
    const buffer = this.#buffer;
    for (let reads = 0; reads < readBudget; reads += 1) {
      const count = this.#receive(peer.skt);
      if (count === wouldBlock) return true;
      if (count === 0) return false;
      const rest = this.#send(peer.skt, buffer.subarray(0, count));
      if (rest !== undefined) {
        peer.unsent = rest.slice();
        this.poller.modify(peer.skt, { send: true });
        return true;
      }
      if (count < buffer.byteLength) return true;
    }
    return true;
  }

  /** Fills the buffer as far as there is something; a call moves at most 64 KiB. */
  #receive(skt: Skt): number | typeof wouldBlock {
    const buffer = this.#buffer;
    const first = skt.recv(buffer);
    if (first === wouldBlock || first < 65_536) return first;
    let filled = first;
    while (filled < buffer.byteLength) {
      const count = skt.recv(buffer.subarray(filled));
      if (count === wouldBlock || count === 0) break;
      filled += count;
      if (count < 65_536) break;
    }
    return filled;
  }

  /** @returns what could not be sent; undefined when all was. */
  #send(skt: Skt, bytes: Uint8Array): Uint8Array | undefined {
    let rest = bytes;
    while (rest.byteLength > 0) {
      const sent = skt.send(rest);
      if (sent === wouldBlock) return rest;
      if (sent === rest.byteLength) return undefined;
      rest = rest.subarray(sent);
    }
    return undefined;
  }

  #report({ skt }: Peer): boolean {
    const count = skt.recv(Buffer.alloc(16));
    if (count === 0) return false;
    if (count !== wouldBlock) {
      skt.send(Buffer.from(`${JSON.stringify(reportServer(this.#connections, this.#calls))}\n`));
    }
    return true;
  }

  #close(peer: Peer): void {
    if (peer.role === 'data') this.#connections -= 1;
    this.#peers.delete(peer);
    peer.skt.close();
  }
}
