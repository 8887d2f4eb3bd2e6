// A thread that waits without a time-out while the main thread continues.

import { parentPort, workerData } from 'node:worker_threads';
import { AfdPoller, presets } from 'afd-poller';

const poller = new AfdPoller(presets[workerData.preset]);
parentPort.postMessage(poller.remoteData());
const words = [];
for (let isWaiting = true; isWaiting; ) {
  for (const event of poller.wait(Number.POSITIVE_INFINITY)) {
    words.push(`${event.kind} ${event.value}`);
    if (event.kind === 'post') isWaiting = false;
  }
}
poller.close();
parentPort.postMessage(words);
