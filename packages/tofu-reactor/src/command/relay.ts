import type { Connection } from '../connection.js';
import { copy } from './copy.js';

/**
 * How a relay ended. `ended`: both sides ended gracefully. `broken`: one side was reset or failed,
 * and the relay reset the other. `unreachable`: the connection to the target was never established.
 * `cut`: the command reset both at its end.
 */
export type RelayEnd = 'ended' | 'broken' | 'unreachable' | 'cut';

/** The result of {@link Relay}: how it ended, and the error that ended it, if there was one. */
export interface RelayResult {
  readonly end: RelayEnd;
  readonly error: Error | undefined;
}

/**
 * Copies the bytes of two connections to each other, and passes on how each side ends: an end of
 * the stream as an end of the stream, a reset as a reset. While one side does not take bytes, the
 * other is not read, so at most one buffer per direction is kept in memory. Both connections must
 * have `allowHalfOpen`.
 */
export class Relay {
  readonly client: Connection;
  readonly target: Connection;
  readonly #onOver: (result: RelayResult) => void;
  #open = 2;
  #isConnected = false;
  #end: RelayEnd = 'ended';
  #error: Error | undefined;

  /**
   * @param target may still be connecting; call {@link connected} when it is connected.
   * @param onOver called once, when both connections are closed.
   */
  constructor(client: Connection, target: Connection, onOver: (result: RelayResult) => void) {
    this.client = client;
    this.target = target;
    this.#onOver = onOver;
    copy(client, target);
    copy(target, client);
    client.onClose = (error) => this.#closed(error, 'broken', target);
    target.onClose = (error) => {
      this.#closed(error, this.#isConnected ? 'broken' : 'unreachable', client);
    };
  }

  /** The connect to the target has succeeded. */
  connected(): void {
    this.#isConnected = true;
  }

  /** Resets both sides, because the rest of the bytes will not follow. */
  cut(): void {
    this.#end = 'cut';
    this.client.reset();
    this.target.reset();
  }

  #closed(error: Error | undefined, end: RelayEnd, other: Connection): void {
    this.#open -= 1;
    if (error !== undefined) {
      // The first error is the cause; the other side is reset because of it.
      if (this.#end === 'ended') this.#end = end;
      this.#error ??= error;
      other.reset();
    }
    if (this.#open === 0) this.#onOver({ end: this.#end, error: this.#error });
  }
}
