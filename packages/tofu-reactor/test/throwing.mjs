// Throws in callbacks of a reactor on the real kernel or a simulated one. The argument is the
// mode. Prints the caught exceptions as JSON.
import { createRemote } from 'afd-poller/internal';
import { ntKernel } from 'ntdllx';
import { createReactor } from 'tofu-reactor/internal';

const mode = process.argv[2];
const caught = [];
process.on('uncaughtException', (error) => caught.push(error.message));
process.on('unhandledRejection', (error) => caught.push(error.message));

const isNt = process.platform === 'win32';
const sim = isNt ? undefined : (await import('sim-nt')).createSimNt({ seed: 1 });
const reactor = createReactor(isNt ? { mode } : { mode, kernel: sim.kernel, now: sim.nowMs });
const server = await reactor.listen({ port: 0 }, (connection) => {
  connection.onReadable = () => {
    connection.readInto(Buffer.alloc(64));
    throw new Error('onReadable');
  };
  connection.onClose = () => {
    throw new Error('onClose');
  };
  throw new Error('listen');
});
const client = reactor.open(server.endpoint, async () => {
  throw new Error('open');
});
client.onReadable = () => client.readInto(Buffer.alloc(64));
client.onTimeout = async () => {
  client.setTimeout(0);
  client.end('x');
  throw new Error('onTimeout');
};
client.setTimeout(1);
reactor.onPost = () => {
  throw new Error('onPost');
};
const remote = createRemote(reactor.remoteData(), isNt ? ntKernel : sim.kernel);
remote.post(1);
let isOver = false;
const closing = client.closed.then(() => server.close()).then(() => (isOver = true));
while (!isOver) {
  // In the mode `blocking` this call serves the connections.
  if (mode === 'blocking') await reactor.run();
  await new Promise((resolve) => setImmediate(resolve));
}
await closing;
// The reactor must still serve another client.
const again = await reactor.listen({ port: 0 }, (connection) => connection.end('served'));
const running = reactor.run();
const other = await reactor.connect(again.endpoint);
const into = Buffer.alloc(16);
const count = await other.read(into);
await other.close();
await reactor.close();
await running;
console.log(
  JSON.stringify({ caught: [...new Set(caught)].sort(), read: into.toString('latin1', 0, count) }),
);
