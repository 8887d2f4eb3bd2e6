import { showValue } from 'ntdllx';
import { ReactorError } from './errors.js';

/** Calls once nothing happened for a while. Does not hold the process open. */
export class IdleTimer {
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /** @param timeoutMs 0 ends it; at most 2^31 - 1. @throws {ReactorError} `ERR_REACTOR_ARGUMENT` */
  set(timeoutMs: number): void {
    if (!(typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs < 2 ** 31)) {
      throw new ReactorError(
        'ERR_REACTOR_ARGUMENT',
        `A time is 0 to 2^31 - 1 milliseconds, got ${showValue(timeoutMs)}.`,
      );
    }
    clearTimeout(this.#timer);
    this.#timer = timeoutMs === 0 ? undefined : setTimeout(this.#onIdle, timeoutMs).unref();
  }

  /** Something happened: the time begins again. */
  touch(): void {
    this.#timer?.refresh();
  }
}
