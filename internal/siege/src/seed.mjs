import { randomInt } from 'node:crypto';

/** The seed of a run whose outcome must not depend on chance. */
const committedSeed = 20_261_122;

/**
 * Chooses the seed of a run. A given seed is used. Otherwise CI uses the committed seed, so that a
 * landing does not depend on chance, unless SIEGE_FRESH requests a fresh one, as the nightly run
 * does. Any other run gets a fresh seed.
 *
 * @returns {{ seed: number, origin: 'given' | 'committed' | 'fresh' }}
 */
export function planSeed(given, environment = process.env) {
  if (given !== undefined) return { seed: given, origin: 'given' };
  const isFresh = isSet(environment.SIEGE_FRESH) || !isSet(environment.CI);
  if (!isFresh) return { seed: committedSeed, origin: 'committed' };
  return { seed: randomInt(1, 2 ** 31 - 1), origin: 'fresh' };
}

const isSet = (value) => !['', '0', 'false', undefined].includes(value);
