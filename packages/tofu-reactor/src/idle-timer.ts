import { showValue } from 'ntdllx';
import { ReactorError } from './errors.js';

/**
 * Calls back when a connection was idle for a set time. The timer does not keep the process alive.
 */
export class IdleTimer {
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /**
   * @param timeoutMs 0 turns it off; at most 2^31 - 1. @throws {ReactorError}
   *   `ERR_REACTOR_ARGUMENT`
   */
  set(timeoutMs: number): void {
    if (!(typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs < 2 ** 31)) {
      throw new ReactorError(
        'ERR_REACTOR_ARGUMENT',
        `The time of setTimeout must be 0 to 2^31 - 1 milliseconds, got ${showValue(timeoutMs)}.`,
      );
    }
    clearTimeout(this.#timer);
    this.#timer = timeoutMs === 0 ? undefined : setTimeout(this.#onIdle, timeoutMs).unref();
  }

  /** Restarts the time, after bytes were sent or received. */
  touch(): void {
    this.#timer?.refresh();
  }
}
