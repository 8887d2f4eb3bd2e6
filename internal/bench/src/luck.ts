/** After so many tries in vain the next one is so many chances away. */
const longestPause = 63;

/**
 * Whether to try before asking pays, by experience: each try in vain doubles how many chances are let
 * pass before the next one; one that pays makes it none.
 */
export class Luck {
  #pause = 0;
  #left = 0;

  /** A chance to try. @returns whether to take it. */
  isWorthATry(): boolean {
    if (this.#left === 0) return true;
    this.#left -= 1;
    return false;
  }

  /** Says what became of a try. */
  note(hasPaid: boolean): void {
    this.#pause = hasPaid ? 0 : Math.min(longestPause, 2 * this.#pause + 1);
    this.#left = this.#pause;
  }
}
