// A thread that uses pollers of another thread. It receives a list of steps, performs them one
// after another, and then answers.

import { parentPort } from 'node:worker_threads';
import { PollerRemote } from 'afd-poller';
import { NtClose } from 'ntdllx';
import { CreateEventA } from 'ntdllx/kernel32';

const bell = new Int32Array(new SharedArrayBuffer(4));
parentPort.on('message', ({ data, steps }) => {
  const remote = new PollerRemote(data);
  for (const { afterMs = 0, wake, post, modify, closeHandle } of steps) {
    Atomics.wait(bell, 0, 0, afterMs);
    if (wake !== undefined) remote.wake(wake);
    if (post !== undefined) remote.post(...post);
    if (modify !== undefined) remote.modify(...modify);
    if (closeHandle !== undefined) {
      NtClose(closeHandle);
      // This event takes the free handle value, so that a late close of the old owner closes only
      // this event.
      CreateEventA(0, 1, 0, 0);
    }
  }
  remote.close();
  parentPort.postMessage('done');
});
