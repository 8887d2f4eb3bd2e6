// Uses every call wrongly, one after another in a separate process. After each case everything
// that it opened is closed, and nothing may be left.
import { nativeMemory, ntKernel } from 'ntdllx';
import { createSimNt } from 'sim-nt';
import { serveMisuses } from 'test-kit/misuse-child';
import { createReactor } from 'tofu-reactor/internal';
import { clientAddressOf, UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';

// On a host without NT a simulated kernel is used, with a reactor in the mode `blocking`.
const sim = process.platform === 'win32' ? undefined : createSimNt({ seed: 1 });
const kernel = sim?.kernel ?? ntKernel;
const reactors = [];
const newReactor = (options = {}) => {
  const seams = sim === undefined ? {} : { kernel, now: sim.nowMs };
  const reactor = createReactor({ ...seams, ...options });
  reactors.push(reactor);
  return reactor;
};
const blocking = () => newReactor({ mode: 'blocking' });
const closed = async () => {
  const reactor = newReactor();
  await reactor.close();
  return reactor;
};
const listening = async (handler = () => {}, reactor = newReactor()) => {
  const server = await reactor.listen({ port: 0 }, handler);
  void reactor.run();
  return { reactor, server };
};
const connected = async () => {
  const { reactor, server } = await listening();
  return { reactor, server, client: await reactor.connect(server.endpoint) };
};
const onClient = (call) => async () => call((await connected()).client);
const onServer = (call) => async () => call((await listening()).server);

const things = { null: null, number: 42, text: 'x', array: [], function: () => {} };
const callbacks = { null: null, number: 1, text: 'x', object: {}, true: true };
const times = { negative: -1, NaN: Number.NaN, huge: 2 ** 31, text: '1', bigint: 1n, null: null };

const cases = [];
/** Adds a case. The default code is the reactor's own code for a wrong argument. */
const misuse = (name, run, code = 'ERR_REACTOR_ARGUMENT', isNative = true) => {
  cases.push({ name, code, isNative, run });
};
/** Adds a case for each of several values. */
const each = (name, values, run, code, isNative) => {
  for (const [what, value] of Object.entries(values)) {
    misuse(`${name}: ${what}`, () => run(value), code, isNative);
  }
};

each('options', things, (value) => createReactor(value), undefined, false);
const wrongOptions = {
  mode: ['threads', null, 1],
  name: ['', 1],
  maxConnections: [0, -1, 1.5, '1'],
  maxBufferedBytes: [0, Number.NaN],
  maxBufferedBytesInAll: [1.5],
  maxBlockMs: [0, Number.NaN, '1'],
  kernel: [{}],
  bogus: [1],
};
for (const [name, values] of Object.entries(wrongOptions)) {
  each(`the option ${name}`, values, (value) => createReactor({ [name]: value }), undefined, false);
}

each('listen on', { undefined, ...things }, (at) => newReactor().listen(at), undefined, false);
cases.find(({ name }) => name === 'listen on: text').code = 'ERR_ADDRESS';
const wrongAddresses = {
  'a text that is not an address': 'tcp|nowhere',
  'an empty path': 'uds|',
  'a port out of range': { port: 65_536 },
  'a negative port': { host: 'x', port: -1 },
  'a long path': { path: 'x'.repeat(200) },
};
each('listen on', wrongAddresses, (at) => newReactor().listen(at), 'ERR_ADDRESS', false);
misuse('listen for UDP', () => newReactor().listen(new UDPAddress()));
each('listen with the handler', callbacks, (run) => newReactor().listen({ port: 0 }, run));
const listenOptions = {
  null: null,
  unknown: { x: 1 },
  'a backlog of 0': { backlog: 0 },
  'maxConnections of a text': { maxConnections: '1' },
  'ipv6Only of a number': { ipv6Only: 1 },
  'noDelay of a number': { noDelay: 1 },
};
each('listen with the options', listenOptions, (options) =>
  newReactor().listen({ port: 0 }, () => {}, options),
);

const calls = { connect: 'connect', open: 'open' };
for (const call of Object.values(calls)) {
  const dial = (to, ...rest) => newReactor()[call](to, ...rest);
  each(`${call} to`, { null: null, number: 1, array: [] }, dial);
  each(
    `${call} to`,
    { all: { host: '0.0.0.0', port: 1 }, 'port 0': { port: 0 } },
    dial,
    'ERR_ADDRESS',
  );
  const options = {
    'a signal that is not an AbortSignal': { signal: 1 },
    'a negative time': { timeoutMs: -1 },
    unknown: { x: 1 },
    null: null,
  };
  each(`${call} with the options`, options, (value) =>
    call === 'open' ? dial({ port: 1 }, () => {}, value) : dial({ port: 1 }, value),
  );
}
each('open with the callback', callbacks, (run) => newReactor().open({ port: 1 }, run));
each('the callback onPost', callbacks, (run) => {
  newReactor().onPost = run;
});

each('bind to', { null: null, number: 1, text: 'x' }, (at) => newReactor().bind(at));
each('bind with the callback', callbacks, (run) => newReactor().bind({}, run));
const ports = { 'a port out of range': { port: 65_536 }, 'a name': { host: 'example.org' } };
each('bind to', ports, (at) => newReactor().bind(at), 'ERR_ADDRESS');
misuse('receiveInto without room', () => newReactor().bind({}).receiveInto(Buffer.alloc(0)));

const closedError = 'ERR_REACTOR_CLOSED';
misuse('listen after close', async () => (await closed()).listen({ port: 0 }), closedError);
misuse('connect after close', async () => (await closed()).connect({ port: 1 }), closedError);
misuse('open after close', async () => (await closed()).open({ port: 1 }), closedError);
misuse('bind after close', async () => (await closed()).bind({}), closedError);
misuse('run after close', async () => (await closed()).run(), closedError);
misuse('turn after close', async () => (await closed()).turn(0), closedError);
misuse('remoteData after close', async () => (await closed()).remoteData(), closedError);
const pollerError = 'ERR_POLLER_ARGUMENT';
each(
  'turn for',
  { negative: -1, NaN: Number.NaN, text: '1' },
  (ms) => blocking().turn(ms),
  pollerError,
);
if (sim === undefined) {
  for (const mode of ['loop', 'thread']) {
    misuse(`turn in mode ${mode}`, () => newReactor({ mode }).turn(0), 'ERR_REACTOR_MODE');
  }
} else {
  for (const mode of ['loop', 'thread']) {
    misuse(`mode ${mode} without NT`, () => newReactor({ mode }), 'ERR_REACTOR_MODE', false);
  }
}
misuse(
  'a turn inside a turn',
  async () => {
    const reactor = blocking();
    let refusal;
    const server = await reactor.listen({ port: 0 }, () => {
      try {
        reactor.turn(0);
      } catch (error) {
        refusal = error;
      }
    });
    const skt = createSocketCreator(kernel).fromAddress(clientAddressOf(server.endpoint));
    skt.connect();
    for (let turns = 0; turns < 100 && refusal === undefined; turns += 1) reactor.turn(10);
    skt.close();
    throw refusal;
  },
  'ERR_REACTOR_REENTERED',
);

for (const name of ['onConnection', 'onDrop', 'onError']) {
  const set = (run) => onServer((server) => Reflect.set(server, name, run))();
  each(`the callback ${name} of a server`, callbacks, set);
}
each('maxConnections of a server', { text: '1', negative: -1, NaN: Number.NaN }, (count) =>
  onServer((server) => {
    server.maxConnections = count;
  })(),
);
for (const name of ['onReadable', 'onDrain', 'onTimeout', 'onClose']) {
  const set = (run) => onClient((client) => Reflect.set(client, name, run))();
  each(`the callback ${name} of a connection`, callbacks, set);
}
const noRoom = { undefined, null: null, text: 'x', 'no room': Buffer.alloc(0), array: [1] };
each('readInto', noRoom, (into) => onClient((client) => client.readInto(into))());
each('read into', noRoom, (into) => onClient((client) => client.read(into))());
const noBytes = { undefined, null: null, number: 1, 'an array of texts': ['x'], object: {} };
each('write', noBytes, (data) => onClient((client) => client.write(data))());
const writeOptions = { null: null, true: true, 'keep of a number': { keep: 1 } };
each('write with', writeOptions, (value) => onClient((client) => client.write('x', value))());
misuse(
  'end with a number',
  onClient((client) => client.end(1)),
);
each('an idle time', times, (ms) => onClient((client) => client.setTimeout(ms))());
misuse(
  'write after end',
  onClient((client) => {
    client.end();
    client.write('x');
  }),
  'ERR_REACTOR_ENDED',
);
misuse(
  'a read while another one waits',
  onClient((client) => {
    client.read(Buffer.alloc(1)).catch(() => {});
    return client.read(Buffer.alloc(1));
  }),
  'ERR_REACTOR_BUSY',
);
misuse(
  'read after destroy',
  onClient((client) => {
    client.destroy();
    return client.read(Buffer.alloc(1));
  }),
  closedError,
);

export { cases };

await serveMisuses(cases, async () => {
  for (const reactor of reactors.splice(0)) await reactor.close();
  if (sim !== undefined) {
    const { pending, handles, memory, violations } = sim;
    const left = { pending, handles, blocks: memory.blocks, violations };
    const isClean = pending + handles + memory.blocks + violations.length === 0;
    return isClean ? '' : JSON.stringify(left);
  }
  const { blocks, bytes } = nativeMemory();
  return blocks + bytes === 0 ? '' : `${blocks} blocks of native memory`;
});
