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

/** The result of a partial drain. */
export interface DrainCounts {
  /**
   * Bytes that the client sent, bytes that were received, and received bytes that have the right
   * offset.
   */
  sent: number;
  received: number;
  inOrder: number;
  /** True if the end of the stream was received after all bytes. */
  isEnded: boolean;
  /** The most buffers that were in use at the same time. */
  mostBuffers: number;
  /**
   * How often reading was paused because the pool was empty, and how many events arrived during a
   * pause.
   */
  pauses: number;
  eventsWhilePaused: number;
  /**
   * How often, after reading was resumed, two waits with time-out 0 reported the data that had
   * stayed in the kernel.
   */
  reportedAtOnce: number;
}

const bufferBytes = 16_384;
/** The size of the pool. A drain has many times more bytes than the pool. */
const bufferCount = 8;
/** How long a pause lasts. Data on the way arrive meanwhile. */
const pauseMs = 50;
const sendBytes = 65_536;
/**
 * The value of the byte at an offset of the stream. Its period does not divide the size of any
 * buffer.
 */
const byteAt = (place: number) => place % 251;

/** A fixed number of buffers. A buffer that was taken is returned after its data were used. */
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

  /** Takes a buffer; undefined if all are in use. */
  take(): Uint8Array | undefined {
    return this.#free.pop();
  }

  giveBack(buffer: Uint8Array): void {
    this.#free.push(buffer);
  }
}

/**
 * A server with 8 buffers for a stream that is much longer. When all are in use, it registers an
 * empty interest: the data stay in the kernel, and TCP slows down the client. When buffers are
 * free again, it requests `readable` again. AFD_POLL is level-triggered, so the poll completes at
 * once, and no data are missed.
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
  /** Received data that are not used yet, in order. */
  readonly #filled: { readonly buffer: Uint8Array; readonly byteLength: number }[] = [];
  readonly #listener: ListenerSkt;
  readonly #client: ClientSkt;
  #server: AcceptedSkt | undefined;

  /**
   * Creates the server and a client.
   *
   * @param address default: a free port on the loopback address.
   * @param newPoller creates the poller; default: one on the kernel of this process.
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
   * Transfers the bytes until all have arrived or the time is over. Blocks this thread.
   *
   * @param byteLength how many bytes the client sends before it ends the stream.
   */
  run(byteLength: number, limitMs: number): DrainCounts {
    const { counts, poller } = this;
    const server = this.#connect(limitMs);
    poller.add(server, { readable: true });
    const deadline = new Deadline(limitMs);
    while (!counts.isEnded && !deadline.isOver) {
      this.#send(byteLength);
      if (poller.wait(100).length > 0) this.#receive(server);
      if (this.#pool.isEmpty) this.#pauseUntilUsed(server, byteLength);
    }
    this.#use();
    return counts;
  }

  /** Registers an empty interest, so that arriving data stay in the kernel. */
  protected pause(server: AcceptedSkt): void {
    this.poller.modify(server, {});
  }

  /** Requests `readable` again. */
  protected resume(server: AcceptedSkt): void {
    this.poller.modify(server, { readable: true });
  }

  #connect(limitMs: number): AcceptedSkt {
    const { poller } = this;
    poller.add(this.#listener, { accept: true });
    this.#client.connect();
    poller.wait(limitMs);
    const accepted = this.#listener.accept();
    if (accepted === wouldBlock) {
      throw new Error(`The client of the partial drain did not connect within ${limitMs} ms.`);
    }
    this.#server = accepted;
    poller.remove(this.#listener);
    return accepted;
  }

  /** Sends as many bytes as the kernel takes, and ends the stream after the last. */
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

  /**
   * Called when the pool is empty: pauses reading until the buffers are used, and then resumes it.
   */
  #pauseUntilUsed(server: AcceptedSkt, byteLength: number): void {
    const { counts, poller } = this;
    this.pause(server);
    counts.pauses += 1;
    this.#send(byteLength);
    counts.eventsWhilePaused += poller.wait(pauseMs).length;
    this.#use();
    this.resume(server);
    // The kernel always has data or the end of the stream at this point. The first wait cancels
    // the poll of the empty interest, and the second wait submits the new poll, which completes at
    // once.
    if (poller.wait(0).length + poller.wait(0).length === 0) return;
    counts.reportedAtOnce += 1;
    this.#receive(server);
  }

  /** Uses the received data, and returns the buffers to the pool. */
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
