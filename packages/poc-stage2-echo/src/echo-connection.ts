import {
  AFD_POLL_ABORT,
  AFD_POLL_CONNECT_FAIL,
  AFD_POLL_DISCONNECT,
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
  AFD_POLL_SEND,
} from 'ntdllx';
import { type AcceptedSkt, wouldBlock } from 'tofu-sockets';
import { SocketPoll } from './socket-poll.js';

/** Events that end a connection. Every poll requests them. */
export const alwaysMask = AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE | AFD_POLL_CONNECT_FAIL;

/** The size of one receive, and the most bytes that one connection may keep unsent. */
export const chunkBytes = 65_536;
/** How many full chunks one connection may echo before the server serves the others. */
const chunksPerTurn = 16;

/** How many bytes were received and sent. */
export interface Traffic {
  received: number;
  sent: number;
}

/**
 * One connection of the echo server. It keeps received bytes that could not be sent back yet.
 * While it has unsent bytes it does not receive. Therefore it never keeps more than one chunk, and
 * TCP itself slows down a peer that does not read.
 */
export class EchoConnection {
  readonly skt: AcceptedSkt;
  readonly poll: SocketPoll;
  readonly #traffic: Traffic;
  #unsent: Uint8Array = new Uint8Array(0);

  /** @param traffic counts the bytes of this connection; all connections of a server share it. */
  constructor(skt: AcceptedSkt, traffic: Traffic) {
    this.skt = skt;
    this.poll = new SocketPoll(skt.baseHandle());
    this.#traffic = traffic;
  }

  /** Received bytes that are not sent back yet. */
  get unsentBytes(): number {
    return this.#unsent.byteLength;
  }

  /**
   * The events that the next poll requests. After a FIN, AFD reports DISCONNECT for ever. So a
   * poll requests DISCONNECT only together with RECEIVE: for a connection that does not receive
   * now it would cause a busy loop.
   */
  get requestedEvents(): number {
    const io = this.#unsent.byteLength > 0 ? AFD_POLL_SEND : AFD_POLL_RECEIVE | AFD_POLL_DISCONNECT;
    return io | alwaysMask;
  }

  /**
   * Sends the unsent bytes, then receives and sends until one of the two calls would block.
   *
   * @param buffer {@link chunkBytes} of memory; its content is undefined afterwards.
   * @returns false at the end: the peer sends no more, and all bytes are sent back.
   */
  echo(buffer: Uint8Array): boolean {
    if (!this.#sendAll(this.#unsent)) return true;
    for (let chunk = 0; chunk < chunksPerTurn; chunk += 1) {
      const count = this.skt.recv(buffer);
      if (count === wouldBlock) return true;
      if (count === 0) return false;
      this.#traffic.received += count;
      if (!this.#sendAll(buffer.subarray(0, count))) return true;
      // The receive did not fill the buffer, so most likely no more bytes are available. If there
      // are, the next poll reports them.
      if (count < buffer.byteLength) return true;
    }
    return true;
  }

  /** Sends bytes, and keeps those that cannot be sent now. @returns true if no byte is left. */
  #sendAll(bytes: Uint8Array): boolean {
    let rest = bytes;
    while (rest.byteLength > 0) {
      const sent = this.skt.send(rest);
      if (sent === wouldBlock) break;
      this.#traffic.sent += sent;
      rest = rest.subarray(sent);
    }
    // All connections share the buffer, so its bytes are copied. Bytes that were kept before are a
    // copy already.
    if (rest !== this.#unsent) this.#unsent = rest.slice();
    return rest.byteLength === 0;
  }
}
