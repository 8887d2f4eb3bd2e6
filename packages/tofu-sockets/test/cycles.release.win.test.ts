import { expect, test } from 'vitest';
import { cyclesPerRound, expectSameState } from './cycles.js';

test('300 cycles of listen, connect, accept, close: rounds 2 and 15 end in the same state', async () => {
  expect(15 * cyclesPerRound).toBe(300);
  await expectSameState(15);
});
