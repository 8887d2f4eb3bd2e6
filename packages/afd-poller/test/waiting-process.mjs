// A process with one worker per preset, which waits without a time-out: node waiting-process.mjs
// exit|throw.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { presets } from 'afd-poller';

const script = new URL('./waiting-worker.mjs', import.meta.url);
const workers = Object.keys(presets).map(
  (preset) => new Worker(script, { workerData: { preset } }),
);
await Promise.all(workers.map((worker) => once(worker, 'message')));
console.log('waiting');
if (process.argv[2] === 'exit') process.exit(3);
setTimeout(() => {
  throw new Error('not caught');
});
