import { type StreamSkt, type WouldBlock, wouldBlock } from 'tofu-sockets';
import { Speculation } from './speculation.js';

/** How many bytes one connection may receive before the others have their turn. */
const serveBytes = 262_144;
/** How many receives; the same for bytes that come in small pieces. */
const serveCalls = 64;

/** What serving a connection ended with. */
export type Outcome = 'served' | 'blocked' | 'unread';

/**
 * The receiving half of a connection: when it is drained, when its budget is used, and when the end of
 * the stream can be believed.
 *
 * A receive that returns 0 may hide a reset: under Wine 8 the wineserver has taken the error off the
 * socket (measured: X01). So the end counts only once the poller reported it, which reports a reset as
 * such. Where 0 came first, the poller is asked: its answer comes at once.
 */
export class ReadSide {
  readonly speculation = new Speculation();
  bytesRead = 0;
  /** The peer sends no more, and everything it sent was read. */
  isEnded = false;
  /** The poller reported that the peer sends no more. */
  isEndConfirmed = false;
  #isServing = false;
  #isDrained = false;
  #hasBlocked = false;
  #reads = 0;
  #served = 0;

  /** Begins a turn of this connection. */
  begin(): void {
    this.#isServing = true;
    this.#isDrained = false;
    this.#hasBlocked = false;
    this.#reads = 0;
    this.#served = 0;
  }

  /** Ends it. */
  end(): Outcome {
    this.#isServing = false;
    if (this.#hasBlocked) return 'blocked';
    return this.#reads === 0 ? 'unread' : 'served';
  }

  get isServing(): boolean {
    return this.#isServing;
  }

  /** How many bytes came in this turn. */
  get served(): number {
    return this.#served;
  }

  /**
   * Receives, unless that is known to be in vain or the budget is used: then it would block, and the
   * connection is tried again after the others.
   *
   * @returns 0 at the end of the stream, once that is certain. @throws {WsaError}
   */
  receive(skt: StreamSkt, into: Uint8Array): number | WouldBlock {
    if (this.isEnded) return 0;
    if (this.#isServing && this.#isOver()) return wouldBlock;
    this.#reads += 1;
    const count = skt.recv(into);
    if (count === wouldBlock) return this.#blocked();
    if (count === 0) {
      if (!this.isEndConfirmed) return this.#blocked();
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
