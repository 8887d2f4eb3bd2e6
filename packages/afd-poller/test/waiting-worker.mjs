// A thread that waits without a time-out while the main thread continues.

import { parentPort, workerData } from 'node:worker_threads';
import { AfdPoller, presets } from 'afd-poller';

const poller = new AfdPoller(presets[workerData.preset]);
parentPort.postMessage(poller.remoteData());
const words = [];
for (let isAsked = true; isAsked; ) {
  for (const event of poller.wait(Number.POSITIVE_INFINITY)) {
    words.push(`${event.kind} ${event.value}`);
    if (event.kind === 'post') isAsked = false;
  }
}
poller.close();
parentPort.postMessage(words);
