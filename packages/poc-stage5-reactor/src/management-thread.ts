// A thread that posts commands to the reactor's port, each after the answer to the previous one.
// It posts the shutdown when the stage requests it.
import { once } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { PollerRemote } from 'afd-poller';
import type { RemoteData } from 'tofu-reactor';
import { commands } from './messages.js';

/** What the stage passes to the thread. */
export interface ManagementTask {
  readonly remote: RemoteData;
  /** The number of the client that is dismissed under load. */
  readonly dismissed: number;
}

const { remote, dismissed } = workerData as ManagementTask;
const poller = new PollerRemote(remote);
const port = parentPort as MessagePort;
const answers: number[] = [];

async function command(type: number, value = 0): Promise<void> {
  const answered = once(port, 'message');
  poller.post(type, value);
  const [answer] = (await answered) as [number];
  answers.push(answer);
}

await command(commands.count);
await command(commands.dismiss, dismissed);
await command(commands.count);
const asked = once(port, 'message');
port.postMessage('ready to shut down');
await asked;
await command(commands.shutdown);
port.postMessage(answers);
// Without the port nothing keeps the thread alive.
port.close();
