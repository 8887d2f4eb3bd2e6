/** After so many vain tries the next one is at most so many chances away. */
const longestPause = 63;

/**
 * Whether to try before asking pays. To ask the kernel whether a socket is ready costs about as much as
 * to try. Each vain try doubles how many chances are skipped before the next one; a try that found
 * something resets that.
 */
export class Speculation {
  #pause = 0;
  #left = 0;

  /** A chance to try. @returns whether to take it. */
  isWorthATry(): boolean {
    if (this.#left === 0) return true;
    this.#left -= 1;
    return false;
  }

  /** Notes what a try found. */
  note(hasPaid: boolean): void {
    this.#pause = hasPaid ? 0 : Math.min(longestPause, 2 * this.#pause + 1);
    this.#left = this.#pause;
  }
}
