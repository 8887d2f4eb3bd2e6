// A thread that reaches a poller of another one. Does what it is told, step by step, then ends.

import { workerData } from 'node:worker_threads';
import { PollerRemote } from 'afd-poller';
import { NtClose } from 'ntdllx';
import { CreateEventA } from 'ntdllx/kernel32';

const { data, steps } = workerData;
const bell = new Int32Array(new SharedArrayBuffer(4));
const remote = new PollerRemote(data);
for (const { afterMs = 0, wake, post, modify, closeHandle } of steps) {
  Atomics.wait(bell, 0, 0, afterMs);
  if (wake !== undefined) remote.wake(wake);
  if (post !== undefined) remote.post(...post);
  if (modify !== undefined) remote.modify(...modify);
  if (closeHandle !== undefined) {
    NtClose(closeHandle);
    // Takes the value, so that its late owner closes this event and nothing of a stranger's.
    CreateEventA(0, 1, 0, 0);
  }
}
remote.close();
