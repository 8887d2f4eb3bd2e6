import { afterEach, expect, test } from 'vitest';
import { cyclesPerRound, expectSameState } from './cycles.js';
import { closeAll } from './sockets.js';
import { expectWinsockStays } from './winsock-threads.js';

afterEach(closeAll);

test('300 cycles of listen, connect, accept and close leave no resource', async () => {
  expect(15 * cyclesPerRound).toBe(300);
  await expectSameState(15);
});

test('G11 a listener stays usable while two threads start and stop Winsock 50 times each', async () => {
  await expectWinsockStays({ threads: 2, rounds: 50 });
});
