import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { runCase } from './conformance.js';
import type { Host } from './fixture.js';
import { presetNames } from './pollers.js';
import { realHost } from './real-host.js';

// Runs cases often that failed in other projects once in hundreds of runs.
const host: Host = { ...realHost, over: 'IP' };

test.each(presetNames)('G09 1,000 closes with a poll pending lose no sent byte [%s]', (preset) => {
  for (let times = 0; times < 100; times += 1) runCase('G09', host, preset);
});

test('G07 every poll has its own status when 25 threads have a poller each', async () => {
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
