import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** All randomness of a simulated kernel, from one seed. */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  /** @param seed a whole number; its lowest 32 bits count. */
  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed | 0);
  }

  /** True with this probability, 0 to 1. 0 and 1 do not consume randomness. */
  chance(probability: number): boolean {
    if (probability <= 0) return false;
    if (probability >= 1) return true;
    return this.#generator.next() >>> 0 < probability * 0x1_0000_0000;
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return count <= 1 ? 0 : uniformInt(this.#generator, 0, count - 1);
  }

  /** A random unsigned 32-bit number. */
  bits32(): number {
    return this.#generator.next() >>> 0;
  }

  /** Shuffles a list in place. */
  shuffle<T>(list: T[]): void {
    for (let index = list.length - 1; index > 0; index -= 1) {
      const other = this.below(index + 1);
      const value = list[index] as T;
      list[index] = list[other] as T;
      list[other] = value;
    }
  }
}
