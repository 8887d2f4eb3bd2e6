import type { AfdPoller } from 'afd-poller';
import { Deadline, listenAt, runAll, type ServerAddress } from 'poc-kit';
import {
  type AcceptedSkt,
  type ClientSkt,
  clientAddressOf,
  type ListenerSkt,
  type SktEndpoint,
  SocketCreator,
  TCPServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { blockingPoller, type NewPoller } from './new-poller.js';

/** What a partial drain came to. */
export interface DrainCounts {
  /** Bytes that the client sent, those that were received, and those of them in their right place. */
  sent: number;
  received: number;
  inOrder: number;
  /** True when the end of the stream was seen, behind all bytes. */
  isEnded: boolean;
  /** The most buffers that were in use at the same time. */
  mostBuffers: number;
  /** How often reading was paused because the pool was empty, and events that came all the same. */
  pauses: number;
  eventsWhilePaused: number;
  /** How often two waits of 0 reported what had stayed in the kernel, once reading was resumed. */
  reportedAtOnce: number;
}

const bufferBytes = 16_384;
/** What one round of the pool holds, so the bytes of a drain are many rounds. */
const bufferCount = 8;
/** How long reading rests: data that is on its way arrives meanwhile. */
const pauseMs = 50;
const sendBytes = 65_536;
/** The value of the byte at a place of the stream; the period is no divisor of any buffer's size. */
const byteAt = (place: number) => place % 251;

/** A fixed number of buffers: one that is taken comes back when what is in it was used. */
class BufferPool {
  readonly #free: Uint8Array[] = Array.from(
    { length: bufferCount },
    () => new Uint8Array(bufferBytes),
  );

  get inUse(): number {
    return bufferCount - this.#free.length;
  }

  get isEmpty(): boolean {
    return this.#free.length === 0;
  }

  /** A buffer; undefined when all are in use. */
  take(): Uint8Array | undefined {
    return this.#free.pop();
  }

  giveBack(buffer: Uint8Array): void {
    this.#free.push(buffer);
  }
}

/**
 * A server that has 8 buffers for a stream that is much longer. When all are in use it asks for
 * nothing: the data stays in the kernel, and TCP slows the client down. When buffers come back it asks
 * again. AFD_POLL is level-triggered, so the poll completes at once, and nothing was missed.
 */
export class PartialDrain {
  readonly counts: DrainCounts = {
    sent: 0,
    received: 0,
    inOrder: 0,
    isEnded: false,
    mostBuffers: 0,
    pauses: 0,
    eventsWhilePaused: 0,
    reportedAtOnce: 0,
  };
  protected readonly poller: AfdPoller<undefined>;
  readonly #pool = new BufferPool();
  /** What was received and not used yet, in order. */
  readonly #filled: { readonly buffer: Uint8Array; readonly byteLength: number }[] = [];
  readonly #listener: ListenerSkt;
  readonly #client: ClientSkt;
  #server: AcceptedSkt | undefined;

  /**
   * Listens, and makes a client.
   *
   * @param address default: a free port of the loopback.
   * @param newPoller makes its poller; default: one of this process' kernel.
   */
  constructor(
    address: ServerAddress<SktEndpoint> = new TCPServerAddress('127.0.0.1', 0),
    creator = new SocketCreator(),
    newPoller: NewPoller = blockingPoller,
  ) {
    this.poller = newPoller<undefined>();
    this.#listener = listenAt<SktEndpoint>(creator, address);
    this.#client = creator.fromAddress(clientAddressOf(this.#listener.localEndpoint()));
  }

  /**
   * Moves the bytes, as far as it gets within the time. Blocks this thread.
   *
   * @param byteLength how many the client sends, then it ends the stream.
   */
  run(byteLength: number, limitMs: number): DrainCounts {
    const { counts, poller } = this;
    const server = this.#connect(limitMs);
    poller.add(server, { readable: true });
    const deadline = new Deadline(limitMs);
    while (!counts.isEnded && !deadline.isOver) {
      this.#send(byteLength);
      if (poller.wait(100).length > 0) this.#receive(server);
      if (this.#pool.isEmpty) this.#rest(server, byteLength);
    }
    this.#use();
    return counts;
  }

  /** Asks for nothing more: whatever comes stays in the kernel. */
  protected pause(server: AcceptedSkt): void {
    this.poller.modify(server, {});
  }

  /** Asks again. */
  protected resume(server: AcceptedSkt): void {
    this.poller.modify(server, { readable: true });
  }

  #connect(limitMs: number): AcceptedSkt {
    const { poller } = this;
    poller.add(this.#listener, { accept: true });
    this.#client.connect();
    poller.wait(limitMs);
    const accepted = this.#listener.accept();
    if (accepted === wouldBlock) throw new Error('The client of the partial drain did not come.');
    this.#server = accepted;
    poller.remove(this.#listener);
    return accepted;
  }

  /** Sends what the kernel takes; ends the stream when it has all of it. */
  #send(byteLength: number): void {
    const { counts } = this;
    while (counts.sent < byteLength) {
      const count = Math.min(sendBytes, byteLength - counts.sent);
      const bytes = Uint8Array.from({ length: count }, (_, index) => byteAt(counts.sent + index));
      const sent = this.#client.send(bytes);
      if (sent === wouldBlock) return;
      counts.sent += sent;
      if (counts.sent === byteLength) this.#client.shutdown('send');
    }
  }

  /** Receives until the call would block, the stream ends, or there is no buffer. */
  #receive(server: AcceptedSkt): void {
    const { counts } = this;
    for (let buffer = this.#pool.take(); buffer !== undefined; buffer = this.#pool.take()) {
      const count = server.recv(buffer);
      if (count === wouldBlock || count === 0) {
        this.#pool.giveBack(buffer);
        counts.isEnded = count === 0;
        return;
      }
      counts.received += count;
      this.#filled.push({ buffer, byteLength: count });
      counts.mostBuffers = Math.max(counts.mostBuffers, this.#pool.inUse);
    }
  }

  /** The pool is empty: reading pauses until the buffers are used, and then goes on where it was. */
  #rest(server: AcceptedSkt, byteLength: number): void {
    const { counts, poller } = this;
    this.pause(server);
    counts.pauses += 1;
    this.#send(byteLength);
    counts.eventsWhilePaused += poller.wait(pauseMs).length;
    this.#use();
    this.resume(server);
    // There is always something: data, or at last the end of the stream. The first wait takes the poll
    // back that asked for a reset alone, the second one submits the new poll, which completes at once.
    if (poller.wait(0).length + poller.wait(0).length === 0) return;
    counts.reportedAtOnce += 1;
    this.#receive(server);
  }

  /** Uses what was received, and gives the buffers back. */
  #use(): void {
    const { counts } = this;
    for (const { buffer, byteLength } of this.#filled.splice(0)) {
      for (let index = 0; index < byteLength; index += 1) {
        if (buffer[index] === byteAt(counts.inOrder)) counts.inOrder += 1;
      }
      this.#pool.giveBack(buffer);
    }
  }

  /** Closes the poller first, then the sockets. */
  close(): void {
    const sockets = [this.#client, this.#listener, this.#server];
    runAll([() => this.poller.close(), ...sockets.map((skt) => () => skt?.close())]);
  }
}
