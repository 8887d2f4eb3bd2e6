import { expect, test } from 'vitest';
import { cyclesPerRound, expectSameState } from './cycles.js';

test('1,000 cycles of listen, connect, accept and close leave no resource', {
  timeout: 60_000,
}, async () => {
  expect(50 * cyclesPerRound).toBe(1_000);
  await expectSameState(50);
});
