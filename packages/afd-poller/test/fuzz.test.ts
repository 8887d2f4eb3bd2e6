import { expect, test } from 'vitest';
import { checkWorlds, worldLength } from './fuzz/run-worlds.js';
import { atLeast } from './fuzz/situations.js';

// Compares random worlds with a model. worlds.siege.test.ts is the long run.
const operations = 50_000;

test(`every claim holds after each of ${operations} random operations`, {
  timeout: 600_000,
}, () => {
  const { plan, situations } = checkWorlds(operations / worldLength);
  if (plan.path !== undefined) return;
  // Worlds without interesting situations would pass, too, so the situations are counted.
  for (const [name, least] of Object.entries(atLeast)) {
    const found = situations.get(name) ?? 0;
    expect(found, name).toBeGreaterThanOrEqual((least * plan.runs * worldLength) / 200_000);
  }
});
