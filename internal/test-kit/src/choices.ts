import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Random choices from one seed: the same seed gives the same choices. */
export class Choices {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  /** @param seed a whole number; its lowest 32 bits count. */
  constructor(seed: number) {
    this.#generator = xoroshiro128plus(mixed(seed));
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return count <= 1 ? 0 : uniformInt(this.#generator, 0, count - 1);
  }

  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.#generator.next() >>> 0 < probability * 0x1_0000_0000;
  }

  /** A random element of a non-empty list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** A random unsigned 32-bit number. */
  bits32(): number {
    return this.#generator.next() >>> 0;
  }
}

/** The generator's first numbers depend strongly on its seed, so similar seeds are first mixed. */
function mixed(seed: number): number {
  let bits = seed | 0;
  for (const factor of [0x85eb_ca6b, 0xc2b2_ae35]) {
    bits = Math.imul(bits ^ (bits >>> 16), factor);
  }
  return bits ^ (bits >>> 15);
}
