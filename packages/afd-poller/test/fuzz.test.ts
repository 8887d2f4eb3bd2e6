import { expect, test } from 'vitest';
import { checkWorlds, worldLength } from './fuzz/run-worlds.js';
import { atLeast } from './fuzz/situations.js';

// Random worlds against a model. FUZZ_OPERATIONS says how much is done in an ordinary run.
const operations = Number(process.env['FUZZ_OPERATIONS'] || 200_000);

test(`${operations} random operations: every claim holds after each`, { timeout: 600_000 }, () => {
  const { plan, situations } = checkWorlds(Math.ceil(operations / worldLength));
  if (plan.path !== undefined || operations < 100_000) return;
  // Worlds in which nothing happens keep every claim, too.
  for (const [name, least] of Object.entries(atLeast)) {
    const found = situations.get(name) ?? 0;
    expect(found, name).toBeGreaterThanOrEqual((least * plan.runs * worldLength) / 200_000);
  }
});
