import { afterEach, test } from 'vitest';
import { closeAll } from './sockets.js';
import { expectWinsockStays } from './winsock-threads.js';

afterEach(closeAll);

test('G11: two threads start and stop Winsock 50 times each beside one that keeps a listener', async () => {
  await expectWinsockStays({ threads: 2, rounds: 50 });
});
