import { createSimNt } from 'sim-nt';
import type { Connection, Reactor, ReactorOptions, Server } from 'tofu-reactor';
import { createReactor } from 'tofu-reactor/internal';
import { clientAddressOf, UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { afterAll, beforeAll, expect, test } from 'vitest';

// Each public call with what is wrong: a typed error, and everything is as usable as before.

const sim = createSimNt({ seed: 3 });
const { kernel, nowMs: now } = sim;
let reactor: Reactor;
let server: Server;
let client: Connection;
let running: Promise<void>;

beforeAll(async () => {
  reactor = createReactor({ kernel, now });
  server = await reactor.listen({ port: 0 }, (connection) => connection.write('works'));
  running = reactor.run();
  client = await reactor.connect(server.endpoint);
});

afterAll(async () => {
  const into = Buffer.alloc(5);
  expect(await client.read(into)).toBe(5);
  expect(into.toString()).toBe('works');
  await reactor.close();
  await running;
  expect(sim.violations).toEqual([]);
  expect(sim).toMatchObject({ pending: 0, handles: 0, memory: { blocks: 0 } });
});

const wrongOptions: Record<string, unknown>[] = [
  { mode: 'thread' },
  { mode: null },
  { name: '' },
  { maxConnections: 0 },
  { maxBufferedBytes: -1 },
  { maxBufferedBytesInAll: 1.5 },
  { maxBlockMs: Number.NaN },
  { maxBlockMs: 0 },
  { kernel: {} },
  { bogus: 1 },
];

test.each(wrongOptions)('a reactor with %j is refused by name', (options) => {
  const [name] = Object.keys(options) as [string];
  expect(() => createReactor(options as ReactorOptions)).toThrow(
    expect.objectContaining({
      code: 'ERR_REACTOR_ARGUMENT',
      message: expect.stringContaining(name),
    }),
  );
});

const any = (value: unknown) => value as never;
const handler = () => {};
const refused: [name: string, call: () => unknown, code: RegExp][] = [
  ['options that are none', () => createReactor(any(null)), /ARGUMENT/],
  ['listen without an address', () => reactor.listen(any(undefined)), /ARGUMENT/],
  ['listen on a number', () => reactor.listen(any(80)), /ARGUMENT/],
  ['listen on a wrong text', () => reactor.listen('tcp|nowhere'), /ERR_ADDRESS/],
  ['listen on an empty path', () => reactor.listen('uds|'), /ERR_ADDRESS/],
  ['listen on a wrong port', () => reactor.listen({ port: 65_536 }), /ERR_ADDRESS/],
  [
    'listen on a wrong port of a name',
    () => reactor.listen({ host: 'x', port: -1 }),
    /ERR_ADDRESS/,
  ],
  ['listen on a long path', () => reactor.listen({ path: 'x'.repeat(200) }), /ERR_ADDRESS/],
  ['listen for UDP', () => reactor.listen(new UDPAddress()), /ARGUMENT/],
  ['listen with a wrong handler', () => reactor.listen({ port: 0 }, any('x')), /ARGUMENT/],
  [
    'listen with wrong options',
    () => reactor.listen({ port: 0 }, handler, any({ x: 1 })),
    /ARGUMENT/,
  ],
  [
    'listen with a wrong backlog',
    () => reactor.listen({ port: 0 }, handler, { backlog: 0 }),
    /ARGUMENT/,
  ],
  ['connect to nothing', () => reactor.connect(any(null)), /ARGUMENT/],
  ['connect to all', () => reactor.connect({ host: '0.0.0.0', port: 1 }), /ERR_ADDRESS/],
  ['connect to port 0', () => reactor.connect({ port: 0 }), /ERR_ADDRESS/],
  [
    'connect with a wrong signal',
    () => reactor.connect({ port: 1 }, any({ signal: 1 })),
    /ARGUMENT/,
  ],
  ['connect with a wrong time', () => reactor.connect({ port: 1 }, { timeoutMs: -1 }), /ARGUMENT/],
  ['open with a wrong callback', () => reactor.open({ port: 1 }, any(1)), /ARGUMENT/],
  ['a server callback', () => (server.onConnection = any(1)), /ARGUMENT/],
  ['a drop callback', () => (server.onDrop = any('x')), /ARGUMENT/],
  ['an error callback', () => (server.onError = any(null)), /ARGUMENT/],
  ['onReadable', () => (client.onReadable = any(null)), /ARGUMENT/],
  ['onDrain', () => (client.onDrain = any({})), /ARGUMENT/],
  ['onTimeout', () => (client.onTimeout = any(true)), /ARGUMENT/],
  ['onClose', () => (client.onClose = any([])), /ARGUMENT/],
  ['readInto without room', () => client.readInto(Buffer.alloc(0)), /ARGUMENT/],
  ['readInto a text', () => client.readInto(any('x')), /ARGUMENT/],
  ['read into nothing', () => client.read(any(undefined)), /ARGUMENT/],
  ['write a number', () => client.write(any(1)), /ARGUMENT/],
  ['write an array of texts', () => client.write(any(['x'])), /ARGUMENT/],
  ['end with a number', () => client.end(any(1)), /ARGUMENT/],
  ['a wrong idle time', () => client.setTimeout(any('1')), /ARGUMENT/],
];

test.each(refused)('%s is refused', async (_name, call, code) => {
  const error = await (async () => call())().catch((each: unknown) => each);
  expect(error).toMatchObject({ code: expect.stringMatching(code) });
});

test('a turn inside a turn is refused', async () => {
  const own = createReactor({ kernel, now });
  let refusal: unknown;
  const listening = await own.listen({ port: 0 }, () => {
    try {
      own.turn(0);
    } catch (error) {
      refusal = error;
    }
  });
  const skt = createSocketCreator(kernel).fromAddress(clientAddressOf(listening.endpoint));
  skt.connect();
  own.turn(10);
  skt.close();
  expect(refusal).toMatchObject({ code: 'ERR_REACTOR_REENTERED' });
  await own.close();
  expect(() => own.turn(0)).toThrow(expect.objectContaining({ code: 'ERR_REACTOR_CLOSED' }));
});

test('a second read is refused while one waits', async () => {
  const quiet = createReactor({ kernel, now });
  const listening = await quiet.listen({ port: 0 }, () => {});
  const done = quiet.run();
  const connection = await quiet.connect(listening.endpoint);
  const first = connection.read(Buffer.alloc(1)).catch((error: unknown) => error);
  await expect(connection.read(Buffer.alloc(1))).rejects.toMatchObject({
    code: 'ERR_REACTOR_BUSY',
  });
  await quiet.close();
  await done;
  expect(await first).toMatchObject({ code: 'ERR_REACTOR_CLOSED' });
});
