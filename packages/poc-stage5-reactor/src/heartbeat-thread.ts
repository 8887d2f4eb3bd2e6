// A thread that posts heartbeats to the reactor's port, for clients that are chosen at random, and
// then ends.
import { parentPort, workerData } from 'node:worker_threads';
import { PollerRemote } from 'afd-poller';
import type { RemoteData } from 'tofu-reactor';

/** What the stage passes to the thread. */
export interface HeartbeatTask {
  readonly remote: RemoteData;
  readonly clients: number;
  readonly heartbeats: number;
  readonly seed: number;
}

const { remote, clients, heartbeats, seed } = workerData as HeartbeatTask;
const pause = new Int32Array(new SharedArrayBuffer(4));
/** How many heartbeats the thread posts before it lets other threads run. */
const burst = 10;

/** A linear congruential generator (Numerical Recipes): the same clients in each run. */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const random = randomFrom(seed);
const poller = new PollerRemote(remote);
let posted = 0;
for (; posted < heartbeats; posted += 1) {
  if (!poller.post(Math.floor(random() * clients), posted)) break;
  if (posted % burst === burst - 1) Atomics.wait(pause, 0, 0, 2);
}
parentPort?.postMessage(posted);
