/** At most this many chances are skipped between two tries. */
const longestPause = 63;

/**
 * Decides whether to try to receive before polling, because a poll costs about as much as a
 * receive. After each try that would block, twice as many chances to try are skipped as after the
 * previous one. A successful try resets this number.
 */
export class Speculation {
  #pause = 0;
  #left = 0;

  /** Called at each chance to try. @returns whether to try. */
  isWorthATry(): boolean {
    if (this.#left === 0) return true;
    this.#left -= 1;
    return false;
  }

  /** Records the result of a try. */
  note(hasPaid: boolean): void {
    this.#pause = hasPaid ? 0 : Math.min(longestPause, 2 * this.#pause + 1);
    this.#left = this.#pause;
  }
}
