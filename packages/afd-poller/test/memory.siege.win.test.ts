import { test } from 'vitest';
import { expectFlat } from './heap.js';
import { presetNames } from './pollers.js';

test.each(presetNames)(
  'flat over 50,000 times add and remove [%s]',
  // Seconds on a calm machine, and no measure of anything.
  { timeout: 120_000 },
  (preset) => {
    expectFlat(preset, 100, 6);
  },
);
