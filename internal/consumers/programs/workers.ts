import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { PollerRemote } from 'afd-poller';
import { Reactor } from 'tofu-reactor';

const progress = 1;
const end = 2;

if (isMainThread) {
  const reactor = new Reactor();
  const server = await reactor.listen({ port: 0 }, () => {});
  reactor.onPost = ({ type, value }) => {
    if (type === progress) console.log('progress', value);
    if (type === end) reactor.close();
  };
  new Worker(new URL(import.meta.url), { workerData: reactor.remoteData() });
  console.log('A server and a worker run in mode', reactor.mode, server.endpoint);
  await reactor.run();
} else {
  const remote = new PollerRemote(workerData);
  for (let percent = 25; percent <= 100; percent += 25) remote.post(progress, percent);
  remote.post(end, 0);
  remote.close();
}
