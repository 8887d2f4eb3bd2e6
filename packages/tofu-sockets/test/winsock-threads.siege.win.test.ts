import { ntKernel } from 'ntdllx';
import { winsockUsers } from 'tofu-sockets/internal';
import { afterEach, expect, test } from 'vitest';
import { closeAll } from './sockets.js';
import { expectWinsockStays, failuresOf } from './winsock-threads.js';

afterEach(closeAll);

test('G11: 8 threads start and stop Winsock 200 times each beside one that keeps a listener', async () => {
  await expectWinsockStays({ threads: 8, rounds: 200 });
});

test('G11: the same where no thread keeps one: each holds its own start while it has a socket', async () => {
  expect(await failuresOf({ threads: 8, rounds: 200 })).toEqual([]);
  expect(winsockUsers(ntKernel)).toBe(0);
});
