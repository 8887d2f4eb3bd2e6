import { test } from 'vitest';
import { expectFlat } from './heap.js';
import { presetNames } from './pollers.js';

test.each(presetNames)(
  'flat over 50,000 times add and remove [%s]',
  // The time limit only ends a hanging test. On an idle machine it takes seconds.
  { timeout: 120_000 },
  (preset) => {
    expectFlat(preset, 100, 6);
  },
);
