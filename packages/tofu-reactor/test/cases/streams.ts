import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { netOn, Socket, socketOf } from 'tofu-reactor/net';
import { wouldBlock } from 'tofu-sockets';
import { expect } from 'vitest';
import { Cases } from '../fixture.js';
import {
  closeAll,
  connectPair,
  listenTarget,
  readText,
  record,
  targetOf,
} from '../stream-fixture.js';

export const streamCases = new Cases();

streamCases.test("a stream's events have the order of node:net's", async (fixture) => {
  const reactor = fixture.reactor();
  const net = netOn(reactor);
  const server = net.createServer((socket) => {
    socket.on('data', (data) => socket.write(data));
  });
  const listening = once(server.listen(listenTarget(fixture)), 'listening');
  expect(server.listening).toBe(fixture.host.over === 'AF_UNIX');
  await listening;
  const client = net.connect(targetOf(server));
  const seen = record(client);
  expect([client.connecting, client.pending, client.readyState]).toEqual([true, true, 'opening']);
  client.write('hello, ');
  client.write('wörld', 'utf8');
  expect(client.bytesWritten).toBe(13);
  await once(client, 'ready');
  expect([client.connecting, client.pending, client.readyState]).toEqual([false, false, 'open']);
  let text = '';
  client.setEncoding('utf8').on('data', (part) => {
    text += part;
    if (text === 'hello, wörld') client.end();
  });
  await once(client, 'close');
  const connects = fixture.host.over === 'IP' ? ['connectionAttempt'] : [];
  expect(seen).toEqual([...connects, 'connect', 'ready', 'finish', 'end', 'close']);
  expect([client.bytesRead, client.bytesWritten, client.readyState]).toEqual([13, 13, 'closed']);
  await once(server.close(), 'close');
});

streamCases.test(
  'with allowHalfOpen a server answers after its client has ended',
  async (fixture) => {
    const pair = await connectPair(fixture, { allowHalfOpen: true });
    const { client, accepted } = pair;
    const asked: Buffer[] = [];
    accepted.on('data', (part) => asked.push(part));
    client.end('question');
    await once(accepted, 'end');
    expect(Buffer.concat(asked).toString()).toBe('question');
    expect([accepted.writable, accepted.readyState]).toEqual([true, 'writeOnly']);
    accepted.end('answer');
    const answer: Buffer[] = [];
    client.on('data', (part) => answer.push(part));
    await once(client, 'close');
    expect(Buffer.concat(answer).toString()).toBe('answer');
    await closeAll(pair);
  },
);

streamCases.test('corked writes are sent together', async (fixture) => {
  const pair = await connectPair(fixture);
  const { client, accepted } = pair;
  client.cork();
  for (const text of ['one ', Buffer.from('two '), 'drei']) client.write(text);
  client.uncork();
  expect(await readText(accepted, 12)).toBe('one two drei');
  await closeAll(pair);
});

streamCases.test('a slow reader stops the writer, and gets every byte', async (fixture) => {
  const pair = await connectPair(fixture, { highWaterMark: 16_384 });
  const { client, accepted } = pair;
  const total = fixture.host.isSimulated ? 2_000_000 : 8_000_000;
  const chunk = Buffer.alloc(50_000);
  let [left, drains, received] = [total, 0, 0];
  const write = () => {
    while (left > 0) {
      chunk.fill((total - left) % 251);
      left -= chunk.length;
      if (!client.write(Buffer.from(chunk))) return;
    }
    client.end();
  };
  client.on('drain', () => {
    drains += 1;
    write();
  });
  write();
  await fixture.settle();
  expect(accepted.bytesRead).toBeLessThan(200_000);
  for await (const part of accepted) {
    const at = received % chunk.length;
    expect(part[0]).toBe((received - at) % 251);
    received += part.length;
    if (received % 3 === 0) await fixture.until(() => true);
  }
  expect([received, accepted.bytesRead, client.bytesWritten]).toEqual([total, total, total]);
  expect(drains).toBeGreaterThan(0);
  await closeAll(pair);
});

streamCases.test('promise callbacks run between two reads', async (fixture) => {
  const pair = await connectPair(fixture);
  const { client, accepted } = pair;
  const text = 'x'.repeat(100_000);
  client.end(text);
  // Each `once` adds its listener in a promise job. No data may come before.
  expect(await readText(accepted, text.length)).toBe(text);
  await closeAll(pair);
});

streamCases.test(
  'the timeout event occurs once, is delayed by activity, and is disabled by 0',
  async (fixture) => {
    const pair = await connectPair(fixture);
    const { client, accepted } = pair;
    const seen = record(client);
    const off = () => seen.push('off');
    client.setTimeout(20, off).setTimeout(0, off);
    accepted.setTimeout(5);
    await once(accepted, 'timeout');
    await sleep(40);
    expect(seen).toEqual([]);
    client.setTimeout(10);
    expect(client.timeout).toBe(10);
    await once(client, 'timeout');
    await sleep(30);
    expect(seen).toEqual(['timeout']);
    accepted.write('x');
    await once(client, 'data');
    await once(client, 'timeout');
    for (const wrong of [-1, Number.NaN]) {
      expect(() => client.setTimeout(wrong)).toThrow(
        expect.objectContaining({ name: 'RangeError' }),
      );
    }
    await closeAll(pair);
  },
);

streamCases.onIP('the peer of a socket that is reset gets ECONNRESET', async (fixture) => {
  const pair = await connectPair(fixture);
  const { client, accepted } = pair;
  const [seen, here] = [record(accepted), record(client)];
  client.resetAndDestroy();
  accepted.resume();
  const [[hasFailed], [error]] = await Promise.all([
    once(accepted, 'close').catch(() => [true]),
    once(accepted, 'error'),
  ]);
  expect(error).toMatchObject({ message: 'read ECONNRESET', errno: -4077, syscall: 'read' });
  await fixture.until(() => seen.length === 2 && here.length === 1);
  expect([hasFailed, seen, here]).toEqual([true, ['error ECONNRESET', 'close'], ['close']]);
  expect(() => client.resetAndDestroy()).not.toThrow();
  await closeAll(pair);
});

streamCases.test('a failed connect emits error and then close', async (fixture) => {
  const reactor = fixture.reactor();
  const net = netOn(reactor);
  const server = net.createServer();
  await once(server.listen(listenTarget(fixture)), 'listening');
  const target = targetOf(server);
  await once(server.close(), 'close');
  const client = net.connect(target);
  const seen = record(client);
  let written: unknown;
  client.write('lost', (error) => {
    written = error;
  });
  await fixture.until(() => seen.includes('close'));
  const code = fixture.host.over === 'IP' ? 'ECONNREFUSED' : expect.stringMatching(/^E/);
  expect(seen.slice(-3)).toEqual([
    'connectionAttemptFailed',
    typeof code === 'string' ? `error ${code}` : expect.stringMatching(/^error E/),
    'close',
  ]);
  expect(written).toBeInstanceOf(Error);
  expect([client.destroyed, client.pending, client.connecting]).toEqual([true, true, false]);
});

streamCases.test(
  'a socket can be created before its connect, and can connect again',
  async (fixture) => {
    const reactor = fixture.reactor();
    const net = netOn(reactor);
    const server = net.createServer(async (socket) => {
      socket.end(await readText(socket, 5));
    });
    await once(server.listen(listenTarget(fixture)), 'listening');
    const client = new Socket(reactor);
    expect([client.pending, client.readyState, client.address()]).toEqual([true, 'open', {}]);
    for (const text of ['first', 'again']) {
      client.connect(targetOf(server));
      client.write(text);
      expect(await readText(client, text.length)).toBe(text);
      await once(client, 'close');
    }
    await once(server.close(), 'close');
  },
);

streamCases.test('destroy and abort end a pending connect', async (fixture) => {
  const reactor = fixture.reactor();
  const net = netOn(reactor);
  const server = net.createServer((socket) => socket.on('error', () => {}).resume());
  await once(server.listen(listenTarget(fixture)), 'listening');
  const client = net.connect(targetOf(server));
  const seen = record(client);
  client.destroy();
  await once(client, 'close');
  const abort = new AbortController();
  const aborted = net.connect({ ...targetOf(server), signal: abort.signal });
  const other = record(aborted);
  abort.abort();
  await fixture.until(() => other.includes('close'));
  expect(seen.at(-1)).toBe('close');
  expect(seen).not.toContain('connect');
  expect(other.slice(-2)).toEqual(['error ABORT_ERR', 'close']);
  await fixture.settle();
  await once(server.close(), 'close');
});

streamCases.test('a server counts, drops and closes like a server of node:net', async (fixture) => {
  const reactor = fixture.reactor();
  const net = netOn(reactor);
  const server = net.createServer();
  const sockets: Socket[] = [];
  const drops: unknown[] = [];
  server.on('connection', (socket) => sockets.push(socket)).on('drop', (data) => drops.push(data));
  expect([server.address(), server.listening]).toEqual([null, false]);
  const errors: unknown[] = [];
  server.close((error) => errors.push((error as { code?: string } | undefined)?.code));
  await fixture.until(() => errors.length === 1);
  server.maxConnections = 1;
  await once(server.listen(listenTarget(fixture)), 'listening');
  expect(() => server.listen(0)).toThrow(/more than once/);
  const first = net.connect(targetOf(server));
  await fixture.until(() => sockets.length === 1);
  const second = net.connect(targetOf(server)).on('error', () => {});
  await fixture.until(() => drops.length === 1);
  expect(await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(
    1,
  );
  server.close((error) => errors.push(error));
  await fixture.settle();
  expect([errors, server.address()]).toEqual([['ERR_SERVER_NOT_RUNNING'], null]);
  first.destroy();
  second.destroy();
  sockets[0]?.resume();
  await fixture.until(() => errors.length === 2);
  expect(errors[1]).toBeUndefined();
});

streamCases.test(
  'a port in use causes an error event; options without port and path are refused',
  async (fixture) => {
    const reactor = fixture.reactor();
    const net = netOn(reactor);
    const server = net.createServer();
    await once(server.listen(listenTarget(fixture)), 'listening');
    const other = net.createServer();
    other.listen(targetOf(server));
    const [error] = await once(other, 'error');
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen', errno: -4091 });
    expect(error.message).toMatch(/^listen EADDRINUSE: address already in use/);
    expect(() => other.listen({} as { port: number })).toThrow(/must have the property/);
    expect(() => other.listen(70_000)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }),
    );
    expect(() => net.connect({} as { port: number })).toThrow(
      expect.objectContaining({ code: 'ERR_MISSING_ARGS' }),
    );
    await once(server.close(), 'close');
  },
);

streamCases.onIP('addresses have the names of node:net', async (fixture) => {
  const { reactor, net } = await connectPair(fixture).then(async (pair) => {
    const { client, accepted, server } = pair;
    const family = 'IPv4';
    const at = server.address() as { port: number };
    expect(at).toEqual({ address: '127.0.0.1', family, port: at.port });
    expect([client.remoteAddress, client.remotePort, client.remoteFamily]).toEqual([
      '127.0.0.1',
      at.port,
      family,
    ]);
    expect(accepted.address()).toEqual({ address: '127.0.0.1', family, port: at.port });
    expect([client.localAddress, client.localPort]).toEqual(['127.0.0.1', accepted.remotePort]);
    await closeAll(pair);
    expect([client.localAddress, client.remotePort]).toEqual([undefined, at.port]);
    return pair;
  });
  const everywhere = net.createServer((socket) => socket.end(socket.remoteAddress));
  await once(everywhere.listen(0), 'listening');
  const { port } = everywhere.address() as { port: number };
  const client = net.connect(port, '127.0.0.1');
  expect(await readText(client, 16)).toBe('::ffff:127.0.0.1');
  await once(client, 'close');
  await once(everywhere.close(), 'close');
  expect(reactor.isOpen).toBe(true);
});

streamCases.onIP('a name is looked up, and its addresses are tried in turn', async (fixture) => {
  const reactor = fixture.reactor();
  const net = netOn(reactor);
  const server = net.createServer((socket) => socket.end('.'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const addresses = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ];
  const lookup = (_name: string, _options: object, done: (...args: unknown[]) => void) =>
    setImmediate(done, null, addresses);
  const client = net.connect({ port, host: 'many.test', lookup: lookup as never });
  const seen = record(client);
  await once(client.resume(), 'close');
  expect(seen.filter((event) => event === 'lookup')).toHaveLength(2);
  expect(seen.filter((event) => event === 'connectionAttempt')).toHaveLength(2);
  expect(seen).toContain('connectionAttemptFailed');
  const missing = net.connect({
    port,
    host: 'none.test',
    lookup: (_name, _options, done) =>
      done(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), '', 4),
  });
  const [error] = await once(missing, 'error');
  expect(error.code).toBe('ENOTFOUND');
  await once(server.close(), 'close');
});

streamCases.test(
  'closing a reactor ends its streams after their data were sent',
  async (fixture) => {
    const reactor = fixture.reactor();
    const net = netOn(reactor);
    const server = net.createServer();
    await once(server.listen(listenTarget(fixture)), 'listening');
    const accepting = once(server, 'connection');
    const target = targetOf(server);
    const peer = await fixture.raw({
      endpoint: 'path' in target ? target : { host: target.host, port: target.port },
    });
    const [accepted] = (await accepting) as [Socket];
    const seen = record(accepted);
    for (const bytes of [400_000, 100_000]) accepted.write(Buffer.alloc(bytes));
    expect(reactor.inspect()).toMatchObject({ connections: 1, refs: 2 });
    server.unref();
    accepted.unref();
    expect(reactor.inspect().refs).toBe(0);
    accepted.ref();
    const closed = once(server, 'close');
    const closing = reactor.close();
    const into = Buffer.alloc(65_536);
    let received = 0;
    await fixture.until(() => {
      const count = peer.recv(into);
      if (count !== wouldBlock) received += count;
      return count === 0;
    });
    await closing;
    await closed;
    await fixture.until(() => seen.includes('close'));
    expect([received, seen]).toEqual([500_000, ['finish', 'close']]);
    expect(() => net.connect(1)).toThrow(/reactor is closed/);
  },
);

streamCases.test('socketOf makes a stream of a Connection', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.listen(reactor, (connection) => {
    const socket = socketOf(connection);
    socket.pipe(socket);
  });
  const connection = await reactor.connect(server.endpoint);
  const client = socketOf(connection);
  client.end('back');
  expect(await readText(client, 4)).toBe('back');
  await once(client, 'close');
  expect(connection.isOpen).toBe(false);
  expect(() => socketOf(connection)).toThrow(/not open/);
});
