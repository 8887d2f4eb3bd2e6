// A thread with its own poller, beside many such threads. Its waits end alternately by their
// time-out and by a byte.

import { parentPort, workerData } from 'node:worker_threads';
import { AfdPoller, presets } from 'afd-poller';
import { SocketCreator, UDPAddress } from 'tofu-sockets';

const poller = new AfdPoller(presets[workerData.preset]);
const creator = new SocketCreator();
const receiver = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
const sender = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
const buffer = Buffer.alloc(8);
const answer = { readable: 0, silent: 0 };
for (let round = 0; round < workerData.rounds; round += 1) {
  poller.add(receiver, { readable: true }, round);
  if (poller.wait(1).length === 0) answer.silent += 1;
  sender.sendTo(Buffer.from('x'), receiver.localEndpoint());
  for (const { kind, token, isReadable } of poller.wait(10_000)) {
    if (kind === 'socket' && token === round && isReadable) answer.readable += 1;
  }
  receiver.recvFrom(buffer);
  poller.remove(receiver);
}
poller.close();
receiver.close();
sender.close();
parentPort.postMessage(answer);
