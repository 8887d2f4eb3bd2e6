import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { runCase } from './conformance.js';
import type { Host } from './fixture.js';
import { presetNames } from './pollers.js';
import { realHost } from './real-host.js';

// Runs cases often that failed in other projects once in hundreds of runs.
const host: Host = { ...realHost, over: 'IP' };

test.each(presetNames)('G09 1,000 times closed with a poll pending: all bytes [%s]', (preset) => {
  for (let times = 0; times < 100; times += 1) runCase('G09', host, preset);
});

test('G07 25 threads with a poller each: every poll has its own status', async () => {
  const script = new URL('./crowded-worker.mjs', import.meta.url);
  const workers = Array.from({ length: 25 }, (_, at) => {
    return new Worker(script, { workerData: { preset: presetNames[at % 3], rounds: 200 } });
  });
  const answers = await Promise.all(
    workers.map(async (worker) => (await once(worker, 'message'))[0]),
  );
  expect(answers).toEqual(Array(25).fill({ readable: 200, silent: 200 }));
  await Promise.all(workers.map((worker) => worker.terminate()));
});
