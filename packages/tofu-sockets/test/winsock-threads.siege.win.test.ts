import { ntKernel } from 'ntdllx';
import { winsockUsers } from 'tofu-sockets/internal';
import { afterEach, expect, test } from 'vitest';
import { closeAll } from './sockets.js';
import { expectWinsockStays, failuresOf } from './winsock-threads.js';

afterEach(closeAll);

test('G11 a listener stays usable while 8 threads start and stop Winsock 200 times each', async () => {
  await expectWinsockStays({ threads: 8, rounds: 200 });
});

test('G11 8 threads that start and stop Winsock do not disturb each other', async () => {
  expect(await failuresOf({ threads: 8, rounds: 200 })).toEqual([]);
  expect(winsockUsers(ntKernel)).toBe(0);
});
