import { test } from 'vitest';
import { expectFlat } from './heap.js';
import { presetNames } from './pollers.js';

test.each(presetNames)(
  '50,000 adds and removes do not grow the heap [%s]',
  // The time limit only ends a hanging test. On an idle machine it takes seconds.
  { timeout: 120_000 },
  (preset) => {
    expectFlat(preset, 100, 6);
  },
);
