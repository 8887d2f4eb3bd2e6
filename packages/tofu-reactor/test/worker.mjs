// Runs in a worker: reports the error of the mode `loop`, and serves in the default mode.
import { parentPort } from 'node:worker_threads';
import { Reactor } from 'tofu-reactor';

let refusal = 'none';
try {
  new Reactor({ mode: 'loop' });
} catch (error) {
  refusal = error.code;
}
const reactor = new Reactor();
const server = await reactor.listen({ port: 0 }, (connection) =>
  connection.close(connection.write('worker')),
);
const running = reactor.run();
const client = await reactor.connect(server.endpoint);
const into = Buffer.alloc(16);
const count = await client.read(into);
const auto = reactor.mode;
await client.close();
await reactor.close();
await running;
parentPort.postMessage({ refusal, auto, read: into.toString('latin1', 0, count) });
