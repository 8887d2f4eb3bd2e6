import {
  type AfdPoller,
  PollEvents,
  type PreparedInterest,
  prepareInterest,
  presets,
} from 'afd-poller';
import { createPoller } from 'afd-poller/internal';
import { type Kernel, WsaError } from 'ntdllx';
import { Speculation } from 'tofu-reactor/internal';
import { type AcceptedSkt, type ListenerSkt, TCPServerAddress, wouldBlock } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import type { CallCounts } from './counting-kernel.js';
import { reportServer, type ServerPorts } from './server-report.js';
import type { PresetName } from './subjects.js';

/**
 * The maximum number of bytes that the server echoes on one connection before it serves the others.
 */
const serveBytes = 262_144;
/** The maximum numbers of receives and of bytes before the server calls the poller again. */
const tryBudget = 256;
const turnBytes = 2_097_152;
/**
 * A wait that reported this many events may not have reported all ready sockets: the server waits
 * again, up to {@link mostLooks} times.
 */
const crowd = 64;
const mostLooks = 16;
/** A one-shot interest: the server registers the next one when it has served the connection. */
const accepting = prepareInterest({ accept: true });
const receiving = prepareInterest({ readable: true, mode: 'oneshot' });
const sending = prepareInterest({ writable: true, mode: 'oneshot' });

type Role = 'listener' | 'control-listener' | 'control' | 'data';

/**
 * The result of serving a connection: it was served, had nothing to receive, waits for send buffer
 * space, or was closed.
 */
type Outcome = 'served' | 'blocked' | 'stuck' | 'closed';

/** A socket of the server, and the bytes that are still to be sent on it. */
interface Peer {
  readonly role: Role;
  readonly skt: ListenerSkt | AcceptedSkt;
  readonly luck: Speculation;
  isRegistered: boolean;
  unsent: Uint8Array | undefined;
}

/** Options of an {@link EngineServer}. */
export interface EngineServerOptions {
  /** Default: the engine's default. */
  readonly preset?: PresetName | undefined;
  readonly bufferBytes: number;
  readonly kernel: Kernel;
  /** The counts of `kernel`, if it counts. */
  readonly calls?: CallCounts;
  /** Call recv before the poll, while earlier receives succeeded at once; default: true. */
  readonly isEager?: boolean;
}

/**
 * An echo server on the engine. A poll of a socket costs about as much as a recv that would block.
 * So the server calls recv before it polls, while its earlier receives succeeded at once ({@link
 * Speculation}): on a new connection after the accept, and on a served connection after all others
 * were served. It registers a connection with the poller when recv would block, or most likely
 * would.
 *
 * It does one receive and one send each time, and another receive only if the buffer was full. It
 * registers for writable only while bytes are left to send.
 */
export class EngineServer {
  readonly ports: ServerPorts;
  readonly poller: AfdPoller<Peer>;
  readonly #events = new PollEvents<Peer>(1_024);
  readonly #calls: CallCounts | undefined;
  readonly #buffer: Buffer;
  readonly #isEager: boolean;
  readonly #peers = new Set<Peer>();
  /** Whether recv succeeds at once on connections that were just accepted. */
  readonly #newcomers = new Speculation();
  /**
   * Connections that were served and are not registered with the poller. The server calls recv on
   * them next.
   */
  #eager: Peer[] = [];
  #connections = 0;
  /** The number of bytes served since the start. */
  #served = 0;

  constructor({ preset, bufferBytes, kernel, calls, isEager = true }: EngineServerOptions) {
    this.#calls = calls;
    this.#isEager = isEager;
    this.#buffer = Buffer.alloc(bufferBytes);
    const options = preset === undefined ? {} : presets[preset];
    this.poller = createPoller<Peer>({ ...options, kernel, allowMainThread: true });
    const creator = createSocketCreator(kernel);
    const listen = (role: Role) => {
      const skt = creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
      // Accepted sockets inherit this option.
      skt.setOption('noDelay', true);
      this.#register(this.#join(role, skt), accepting);
      return skt.localEndpoint().port;
    };
    this.ports = { port: listen('listener'), control: listen('control-listener') };
  }

  /**
   * Waits once and serves the reported connections. It does not block while it can call recv on
   * other connections.
   */
  turn(timeoutMs: number): void {
    const isBusy = this.#eager.length > 0;
    let reported = this.#serveReady(isBusy ? 0 : timeoutMs);
    const hasOthers = reported > 0;
    // The server serves all sockets that the poller reports before it calls recv on the others.
    for (let looks = 1; isBusy && reported >= crowd && looks < mostLooks; looks += 1) {
      reported = this.#serveReady(0);
    }
    this.#tryAgain(hasOthers ? 1 : tryBudget);
  }

  /** @returns the number of events. */
  #serveReady(timeoutMs: number): number {
    const events = this.poller.wait(timeoutMs, this.#events);
    for (const event of events) {
      if (event.kind !== 'socket') continue;
      const peer = event.token;
      if (event.isAccept) this.#accept(peer);
      else if (event.isReset) this.#close(peer);
      else this.#settle(peer, this.#serve(peer, event.isWritable));
    }
    return events.length;
  }

  /** Closes the poller and all sockets. */
  close(): void {
    this.poller.close();
    for (const { skt } of this.#peers) skt.close();
  }

  #join(role: Role, skt: ListenerSkt | AcceptedSkt): Peer {
    const peer = { role, skt, luck: new Speculation(), isRegistered: false, unsent: undefined };
    this.#peers.add(peer);
    if (role === 'data') this.#connections += 1;
    return peer;
  }

  #register(peer: Peer, interest: PreparedInterest): void {
    if (peer.isRegistered) this.poller.modify(peer.skt, interest, peer);
    else this.poller.add(peer.skt, interest, peer);
    peer.isRegistered = true;
  }

  #accept(listener: Peer): void {
    if (listener.skt.kind !== 'listener') return;
    const role = listener.role === 'listener' ? 'data' : 'control';
    for (;;) {
      const skt = listener.skt.accept();
      if (skt === wouldBlock) return;
      const peer = this.#join(role, skt);
      if (this.#isEager && this.#newcomers.isWorthATry()) {
        const outcome = this.#serve(peer, false);
        this.#newcomers.note(outcome !== 'blocked');
        this.#settle(peer, outcome);
      } else {
        this.#register(peer, receiving);
      }
    }
  }

  /**
   * Served connections may have received more data. They are served in turn, so that a busy
   * connection does not starve the others.
   */
  #tryAgain(tries: number): void {
    const before = this.#served;
    for (let left = tries; left > 0 && this.#eager.length > 0; ) {
      if (this.#served - before >= turnBytes) return;
      const peers = this.#eager;
      this.#eager = [];
      for (const peer of peers) {
        if (!peer.luck.isWorthATry()) {
          this.#register(peer, receiving);
          continue;
        }
        left -= 1;
        const outcome = this.#serve(peer, false);
        peer.luck.note(outcome !== 'blocked');
        this.#settle(peer, outcome);
      }
    }
  }

  /** Registers, queues or closes a connection after a recv. */
  #settle(peer: Peer, outcome: Outcome): void {
    if (outcome === 'closed') this.#close(peer);
    else if (outcome === 'stuck') this.#register(peer, sending);
    else if (outcome === 'served' && this.#isEager) this.#eager.push(peer);
    else this.#register(peer, receiving);
  }

  #serve(peer: Peer, isWritable: boolean): Outcome {
    try {
      return peer.role === 'control' ? this.#report(peer) : this.#echo(peer, isWritable);
    } catch (error) {
      if (!(error instanceof WsaError)) throw error;
      return 'closed';
    }
  }

  #echo(peer: Peer, isWritable: boolean): Outcome {
    const { skt } = peer;
    if (skt.kind !== 'accepted') return 'closed';
    if (isWritable && peer.unsent !== undefined) {
      const rest = this.#send(skt, peer.unsent);
      peer.unsent = rest === undefined ? undefined : rest.slice();
      if (rest !== undefined) return 'stuck';
    }
    const buffer = this.#buffer;
    for (let served = 0; served < serveBytes; ) {
      const count = skt.recv(buffer);
      if (count === wouldBlock) return served === 0 ? 'blocked' : 'served';
      if (count === 0) return 'closed';
      served += count;
      this.#served += count;
      const rest = this.#send(skt, buffer.subarray(0, count));
      if (rest !== undefined) {
        peer.unsent = rest.slice();
        return 'stuck';
      }
      if (count < buffer.byteLength) break;
    }
    return 'served';
  }

  /** @returns the unsent bytes; undefined if all were sent. */
  #send(skt: AcceptedSkt, bytes: Uint8Array): Uint8Array | undefined {
    let rest = bytes;
    while (rest.byteLength > 0) {
      const sent = skt.send(rest);
      if (sent === wouldBlock) return rest;
      if (sent === rest.byteLength) return undefined;
      rest = rest.subarray(sent);
    }
    return undefined;
  }

  #report({ skt }: Peer): Outcome {
    if (skt.kind !== 'accepted') return 'closed';
    const count = skt.recv(Buffer.alloc(16));
    if (count === wouldBlock) return 'blocked';
    if (count === 0) return 'closed';
    skt.send(Buffer.from(`${JSON.stringify(reportServer(this.#connections, this.#calls))}\n`));
    return 'blocked';
  }

  #close(peer: Peer): void {
    if (peer.role === 'data') this.#connections -= 1;
    this.#peers.delete(peer);
    peer.skt.close();
  }
}
