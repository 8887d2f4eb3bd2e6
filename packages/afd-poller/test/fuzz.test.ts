import { expect, test } from 'vitest';
import { runWorlds, worldLength } from './fuzz/run-worlds.js';
import { atLeast } from './fuzz/situations.js';

// Random worlds against a model. FUZZ_SEED says where they start, FUZZ_OPERATIONS how much is done,
// FUZZ_WORLD picks a single world: what a failure prints.
const operations = Number(process.env['FUZZ_OPERATIONS'] || 200_000);
const seed = Number(process.env['FUZZ_SEED'] || 20_261_122);
const only = process.env['FUZZ_WORLD'] || undefined;

test(`${operations} random operations: every claim holds after each`, { timeout: 600_000 }, () => {
  const [first, count] =
    only === undefined ? [0, Math.ceil(operations / worldLength)] : [Number(only), 1];
  const situations = runWorlds(seed, first, count);
  if (only !== undefined || operations < 100_000) return;
  // Worlds in which nothing happens keep every claim, too.
  for (const [name, least] of Object.entries(atLeast)) {
    const found = situations.get(name) ?? 0;
    expect(found, name).toBeGreaterThanOrEqual((least * operations) / 200_000);
  }
});
