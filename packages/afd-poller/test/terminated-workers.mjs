// Terminates workers at many moments of their waits: node terminated-workers.mjs TIMES.

import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { AfdPoller, presets } from 'afd-poller';

if (isMainThread) {
  const names = Object.keys(presets);
  for (let times = 0; times < Number(process.argv[2]); times += 1) {
    const preset = names[times % names.length];
    const worker = new Worker(new URL(import.meta.url), { workerData: { preset } });
    await once(worker, 'message');
    // The moments within 3 ms all differ, because 61 and 300 have no common divisor.
    const untilMs = performance.now() + ((times * 61) % 300) / 100;
    while (performance.now() < untilMs);
    await worker.terminate();
  }
  console.log('all workers ended');
} else {
  const poller = new AfdPoller(presets[workerData.preset]);
  parentPort.postMessage('');
  for (;;) poller.wait(0);
}
