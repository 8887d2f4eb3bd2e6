import { type StreamSkt, type WouldBlock, wouldBlock } from 'tofu-sockets';
import { Speculation } from './speculation.js';

/** How many bytes one connection may receive in its turn before the others continue. */
const serveBytes = 262_144;
/**
 * How many receives one connection may make in its turn. This limit counts when bytes arrive in
 * small pieces.
 */
const serveCalls = 64;

/** How the turn of a connection ended. */
export type Outcome = 'served' | 'blocked' | 'unread';

/**
 * The receiving half of a connection. It decides when the socket is drained, when the budget is
 * used up, and when the end of the stream is certain.
 *
 * Under Wine a receive may return 0 after a reset (measured: X01), because the wineserver has
 * already removed the error from the socket. Under Wine 8 every receive then returns 0, but the
 * socket has no peer any more. Under Wine 10 the socket keeps its peer, and only a receive that was
 * in progress when the reset arrived returns 0: the next one fails. So after a 0 the end is certain
 * if the socket still has a peer and a second receive returns 0, too. It is also certain after the
 * poller has reported it, because the poller reports a reset as a reset. Otherwise the connection
 * requests an event, which arrives at once.
 */
export class ReadSide {
  readonly speculation = new Speculation();
  bytesRead = 0;
  /** The peer sends no more, and all its bytes were read. */
  isEnded = false;
  /** The poller reported that the peer sends no more. */
  isEndConfirmed = false;
  #isServing = false;
  #isDrained = false;
  #hasBlocked = false;
  #reads = 0;
  #served = 0;

  /** Begins a turn of this connection, with a new budget. */
  begin(): void {
    this.#isServing = true;
    this.#isDrained = false;
    this.#hasBlocked = false;
    this.#reads = 0;
    this.#served = 0;
  }

  /** Ends the turn. */
  end(): Outcome {
    this.#isServing = false;
    if (this.#hasBlocked) return 'blocked';
    return this.#reads === 0 ? 'unread' : 'served';
  }

  get isServing(): boolean {
    return this.#isServing;
  }

  /** How many bytes were received in this turn. */
  get served(): number {
    return this.#served;
  }

  /**
   * Receives. If the last receive drained the socket or the budget is used up, it makes no call
   * and returns `wouldBlock`; the connection then tries again after the others.
   *
   * @returns 0 at the end of the stream, as soon as that is certain. @throws {WsaError}
   */
  receive(skt: StreamSkt, into: Uint8Array): number | WouldBlock {
    if (this.isEnded) return 0;
    if (this.#isServing && this.#isOver()) return wouldBlock;
    this.#reads += 1;
    const count = skt.recv(into);
    if (count === wouldBlock) return this.#blocked();
    if (count === 0) {
      if (!this.isEndConfirmed && !isEnd(skt)) return this.#blocked();
      this.isEnded = true;
      return 0;
    }
    this.bytesRead += count;
    this.#served += count;
    this.#isDrained = count < into.byteLength && !this.isEndConfirmed;
    return count;
  }

  #isOver(): boolean {
    return this.#isDrained || this.#served >= serveBytes || this.#reads >= serveCalls;
  }

  #blocked(): WouldBlock {
    this.#hasBlocked = true;
    return wouldBlock;
  }
}

const oneByte = new Uint8Array(1);

/** Whether a receive that returned 0 means the end. @throws {WsaError} after a reset */
function isEnd(skt: StreamSkt): boolean {
  // The second receive looks only, so that it cannot lose a byte, whatever it returns.
  return hasPeer(skt) && skt.recv(oneByte, { peek: true }) === 0;
}

/**
 * Whether getpeername returns a peer over TCP. Under Wine 8 it fails after a reset, and after both
 * sides have ended. False for AF_UNIX, where this was not measured after a reset.
 */
function hasPeer(skt: StreamSkt): boolean {
  try {
    return 'host' in skt.peerEndpoint();
  } catch {
    return false;
  }
}
