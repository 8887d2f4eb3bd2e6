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

/** What can end any wait, and is asked for with every poll. */
export const alwaysMask = AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE | AFD_POLL_CONNECT_FAIL;

/** How much is received at a time, and the most that one connection may keep unsent. */
export const chunkBytes = 65_536;
/** How many full chunks one connection may echo before the others have their turn. */
const chunksPerTurn = 16;

/** How many bytes a connection moved. */
export interface Traffic {
  received: number;
  sent: number;
}

/**
 * One connection of the echo server: what came and could not be sent back yet. While there is such
 * a rest nothing is received, so the rest never grows beyond one chunk and a peer that does not
 * read is slowed down by TCP itself.
 */
export class EchoConnection {
  readonly skt: AcceptedSkt;
  readonly poll: SocketPoll;
  readonly #traffic: Traffic;
  #unsent: Uint8Array = new Uint8Array(0);

  /** @param traffic counts what this connection moves; shared by all of a server. */
  constructor(skt: AcceptedSkt, traffic: Traffic) {
    this.skt = skt;
    this.poll = new SocketPoll(skt.baseHandle());
    this.#traffic = traffic;
  }

  /** Bytes that came and are not sent back yet. */
  get unsentBytes(): number {
    return this.#unsent.byteLength;
  }

  /**
   * What to poll for next. A peer's FIN is true for ever, so DISCONNECT is asked for only together
   * with RECEIVE: to a connection that cannot receive now it would be a busy loop.
   */
  get wantedEvents(): number {
    const io = this.#unsent.byteLength > 0 ? AFD_POLL_SEND : AFD_POLL_RECEIVE | AFD_POLL_DISCONNECT;
    return io | alwaysMask;
  }

  /**
   * Sends the rest, then receives and sends until one of the two would block.
   *
   * @param buffer {@link chunkBytes} of room; its content means nothing afterwards.
   * @returns false at the end: the peer sends no more, and has got everything back.
   */
  echo(buffer: Uint8Array): boolean {
    if (!this.#sendAll(this.#unsent)) return true;
    for (let chunk = 0; chunk < chunksPerTurn; chunk += 1) {
      const count = this.skt.recv(buffer);
      if (count === wouldBlock) return true;
      if (count === 0) return false;
      this.#traffic.received += count;
      if (!this.#sendAll(buffer.subarray(0, count))) return true;
      // Less than there was room for: more is rare, and the next poll reports it.
      if (count < buffer.byteLength) return true;
    }
    return true;
  }

  /** Sends, and keeps what cannot be sent now. @returns true when nothing is left. */
  #sendAll(bytes: Uint8Array): boolean {
    let rest = bytes;
    while (rest.byteLength > 0) {
      const sent = this.skt.send(rest);
      if (sent === wouldBlock) break;
      this.#traffic.sent += sent;
      rest = rest.subarray(sent);
    }
    // Copied, unless it is the kept rest itself: the buffer belongs to all connections.
    if (rest !== this.#unsent) this.#unsent = rest.slice();
    return rest.byteLength === 0;
  }
}
