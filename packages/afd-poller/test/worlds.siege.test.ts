import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkWorlds, worldLength } from './fuzz/run-worlds.js';
import { atLeast } from './fuzz/situations.js';

// The long run of fuzz.test.ts. SIEGE_RECORD names the file to which the counted situations are
// written.
const operations = 5_000_000;

test('every claim holds after each of 5,000,000 random operations', { timeout: 0 }, () => {
  const startedMs = performance.now();
  const { plan, situations } = checkWorlds(operations / worldLength);
  // A single world that is run again does not reach enough situations.
  if (plan.path !== undefined) return;
  const done = plan.runs * worldLength;
  for (const [name, least] of Object.entries(atLeast)) {
    expect(situations.get(name) ?? 0, name).toBeGreaterThanOrEqual((least * done) / 200_000);
  }
  const file = process.env['SIEGE_RECORD'];
  if (file === undefined || file === '') return;
  const seconds = (performance.now() - startedMs) / 1_000;
  const rows = Object.fromEntries([...situations].sort());
  writeFileSync(file, JSON.stringify({ operations: done, seconds, situations: rows }));
});
