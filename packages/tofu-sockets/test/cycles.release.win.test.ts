import { afterEach, expect, test } from 'vitest';
import { cyclesPerRound, expectSameState } from './cycles.js';
import { closeAll } from './sockets.js';
import { expectWinsockStays } from './winsock-threads.js';

afterEach(closeAll);

test('300 cycles of listen, connect, accept, close: rounds 2 and 15 end in the same state', async () => {
  expect(15 * cyclesPerRound).toBe(300);
  await expectSameState(15);
});

test('G11: two threads start and stop Winsock 50 times each beside one that keeps a listener', async () => {
  await expectWinsockStays({ threads: 2, rounds: 50 });
});
