// Throws in every callback of a reactor, on the real kernel or a simulated one: once by an
// exception, and once by a promise that is rejected. The argument is the mode. Prints the caught
// errors as JSON.
import { createRemote } from 'afd-poller/internal';
import { ntKernel } from 'ntdllx';
import { createReactor } from 'tofu-reactor/internal';

const mode = process.argv[2];
const caught = new Set();
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => {
    caught.add(error.message);
    if (/^(throws|rejects) /.test(error.message)) return;
    console.error(error);
    process.exit(1);
  });
}

const isNt = process.platform === 'win32';
const sim = isNt ? undefined : (await import('sim-nt')).createSimNt({ seed: 1 });
const system = sim?.kernel ?? ntKernel;
const [invalidSocket, noBuffers] = [2n ** 64n - 1n, 10_055];
let isAcceptFailing = false;
let hasFailed = false;
/** A kernel whose accept fails with WSAENOBUFS if `isAcceptFailing` is set. */
const kernel = {
  ...system,
  accept(...args) {
    hasFailed = isAcceptFailing;
    isAcceptFailing = false;
    return hasFailed ? invalidSocket : system.accept(...args);
  },
  WSAGetLastError() {
    const code = hasFailed ? noBuffers : system.WSAGetLastError();
    hasFailed = false;
    return code;
  },
};
const reactor = createReactor({ mode, kernel, ...(sim && { now: sim.nowMs }) });
const buffer = Buffer.alloc(65_536);

/** Serves until a condition holds. In the mode `blocking` the reactor's turns do it. */
async function until(holds) {
  while (!holds()) {
    if (mode === 'blocking') reactor.turn(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Makes every callback fail in the same way. */
async function throwInEach(way) {
  const fail = (name) => {
    const error = new Error(`${way} ${name}`);
    if (way === 'rejects') return Promise.reject(error);
    throw error;
  };
  const has = (name) => () => caught.has(`${way} ${name}`);
  const server = await reactor.listen({ port: 0 }, (connection) => {
    connection.onReadable = () => {
      connection.readInto(buffer);
      return fail('onReadable');
    };
    connection.onClose = () => fail('connection onClose');
    connection.onDrain = () => fail('onDrain');
    let left = 512;
    while (left > 0 && connection.write(buffer, { keep: true })) left -= 1;
    return fail('listen');
  });
  const client = reactor.open(server.endpoint, () => fail('open'));
  client.onTimeout = () => {
    client.setTimeout(0);
    return fail('onTimeout');
  };
  client.setTimeout(1);
  await until(has('onTimeout'));
  client.onReadable = () => {
    while (typeof client.readInto(buffer) === 'number');
  };
  await until(has('onDrain'));
  client.write('x');
  await until(has('onReadable'));
  client.destroy();
  await until(has('connection onClose'));

  server.onDrop = () => fail('onDrop');
  server.maxConnections = 0;
  const dropped = reactor.open(server.endpoint);
  await until(has('onDrop'));
  dropped.destroy();
  server.onError = () => fail('onError');
  isAcceptFailing = true;
  const late = reactor.open(server.endpoint);
  await until(has('onError'));
  late.destroy();
  server.destroy();

  reactor.onPost = () => fail('onPost');
  createRemote(reactor.remoteData(), kernel).post(1);
  await until(has('onPost'));

  const socket = reactor.bind({}, () => {
    socket.receiveInto(buffer);
    return fail('bind');
  });
  socket.onClose = () => fail('datagram onClose');
  const other = reactor.bind({});
  other.send(Buffer.from('x'), socket.endpoint);
  await until(has('bind'));
  if (sim !== undefined) {
    // Only a simulated kernel can be made to have no room for a datagram.
    socket.onDrain = () => fail('datagram onDrain');
    sim.force('sendFull');
    socket.send(Buffer.from('x'), other.endpoint);
    await until(has('datagram onDrain'));
  }
  socket.destroy();
  other.destroy();
  await until(has('datagram onClose'));
}

await throwInEach('throws');
await throwInEach('rejects');
// The reactor must still serve another client.
const again = await reactor.listen({ port: 0 }, (connection) => connection.end('served'));
const running = reactor.run();
const client = await reactor.connect(again.endpoint);
const count = await client.read(buffer);
await client.close();
await reactor.close();
await running;
const served = buffer.toString('latin1', 0, count);
console.log(JSON.stringify({ caught: [...caught].sort(), served }));
