import { createRemote } from 'afd-poller/internal';
import { type Connection, diagnosticsChannels } from 'tofu-reactor';
import { wouldBlock } from 'tofu-sockets';
import { expect } from 'vitest';
import { Cases, drain, readBytes } from '../fixture.js';

export const serverCases = new Cases();

serverCases.test(
  'E06 E08 close waits for the connections; a second close has no effect',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = await fixture.echo(reactor);
    const client = await reactor.connect(server.endpoint);
    client.write('x');
    expect(await client.read(Buffer.alloc(1))).toBe(1);
    let isClosed = false;
    const closing = server.close();
    expect(server.close()).toBe(closing);
    void closing.then(() => {
      isClosed = true;
    });
    await fixture.settle();
    expect([isClosed, server.isListening, server.connections]).toEqual([false, false, 1]);
    client.write('y');
    expect(await client.read(Buffer.alloc(1))).toBe(1);
    client.end();
    await closing;
    expect(server.connections).toBe(0);
    await server[Symbol.asyncDispose]();
  },
);

serverCases.test(
  'E10 A07 a server that closes while a client connects ends the client',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = await fixture.echo(reactor);
    const client = reactor.open(server.endpoint);
    client.onClose = () => {};
    void server.close();
    expect(server.endpoint).toBeDefined();
    await fixture.settle();
    client.destroy();
    await client.closed;
  },
);

serverCases.test('S06 a server serves 51 clients one after another', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.echo(reactor);
  for (let round = 0; round < 51; round += 1) {
    await using client = await reactor.connect(server.endpoint);
    client.write('hello');
    expect((await readBytes(client, 5)).toString()).toBe('hello');
  }
  await fixture.until(() => server.connections === 0);
  expect(server.accepted).toBe(51);
});

serverCases.test(
  'S08 clients beyond maxConnections are dropped until another connection closes',
  async (fixture) => {
    const reactor = fixture.reactor();
    const dropped: unknown[] = [];
    const server = await fixture.echo(reactor, { maxConnections: 3 });
    server.onDrop = (each) => dropped.push(each);
    const clients: Connection[] = [];
    for (let index = 0; index < 6; index += 1) {
      const client = await reactor.connect(server.endpoint).catch(() => undefined);
      if (client !== undefined) clients.push(client);
      await fixture.until(() => server.accepted === index + 1);
    }
    expect([server.connections, dropped.length]).toEqual([3, 3]);
    expect(dropped[0]).toMatchObject({ local: server.endpoint });
    clients[0]?.destroy();
    await fixture.until(() => server.connections === 2);
    const next = await reactor.connect(server.endpoint);
    next.write('room');
    expect((await readBytes(next, 4)).toString()).toBe('room');
  },
);

serverCases.test('for await yields the connections, one after another', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.listen(reactor);
  const served: string[] = [];
  const serving = (async () => {
    for await (const connection of server) {
      served.push((await readBytes(connection, 1)).toString());
      connection.write('.');
      await connection.close();
    }
    served.push('over');
  })();
  for (const letter of 'abc') {
    const client = await reactor.connect(server.endpoint);
    client.write(letter);
    expect(await client.read(Buffer.alloc(1))).toBe(1);
    client.end();
  }
  await fixture.until(() => server.connections === 0);
  await server.close();
  await serving;
  expect(served).toEqual(['a', 'b', 'c', 'over']);
});

serverCases.test(
  'at the limit of the reactor accepting pauses, and the waiting clients are served later',
  async (fixture) => {
    const reactor = fixture.reactor({ maxConnections: 2 });
    const server = await fixture.echo(reactor);
    const peers = [await fixture.raw(server), await fixture.raw(server), await fixture.raw(server)];
    await fixture.until(() => server.accepted === 2);
    await fixture.settle();
    expect([server.accepted, reactor.inspect().isFull]).toEqual([2, true]);
    peers[0]?.close();
    await fixture.until(() => server.accepted === 3);
    peers[2]?.send(Buffer.from('x'));
    await fixture.until(() => peers[2]?.recv(Buffer.alloc(1)) === 1);
    await fixture.settle();
  },
);

serverCases.test(
  'a write beyond the buffer limit is refused; the sum of all buffers pauses accepting',
  async (fixture) => {
    const reactor = fixture.reactor({ maxBufferedBytes: 200_000, maxBufferedBytesInAll: 250_000 });
    const connections: Connection[] = [];
    const server = await fixture.listen(reactor, (connection) => connections.push(connection));
    const peer = await fixture.raw(server);
    await fixture.until(() => connections.length === 1);
    const connection = connections[0] as Connection;
    const chunk = Buffer.alloc(1_048_576);
    const fill = () => {
      for (;;) connection.write(chunk);
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'ERR_REACTOR_BUFFER_FULL' }));
    expect(reactor.inspect().bufferedBytes).toBe(connection.bufferedBytes);
    expect(connection.bufferedBytes).toBeGreaterThan(200_000);
    await fixture.raw(server);
    await fixture.settle();
    expect([reactor.inspect().isFull, connections.length]).toEqual([true, 1]);
    await fixture.until(() => {
      drain(peer);
      return connections.length === 2;
    });
  },
);

serverCases.test(
  'M05 a connection whose program does not read pauses until the next read',
  async (fixture) => {
    const reactor = fixture.reactor();
    let calls = 0;
    const connections: Connection[] = [];
    const server = await fixture.listen(reactor, (connection) => {
      connections.push(connection);
      connection.onReadable = () => {
        calls += 1;
      };
    });
    const client = await reactor.connect(server.endpoint);
    client.write('one');
    await fixture.until(() => calls > 0);
    const before = calls;
    client.write('two');
    await fixture.settle();
    expect(calls).toBe(before);
    const connection = connections[0] as Connection;
    const into = Buffer.alloc(64);
    await fixture.until(
      () => connection.bytesRead + Number(connection.readInto(into) !== wouldBlock) >= 6,
    );
    client.write('three');
    await fixture.until(() => calls > before);
  },
);

serverCases.test('T06 onTimeout is called once, and setTimeout(0) cancels it', async (fixture) => {
  const reactor = fixture.reactor();
  const fired: string[] = [];
  const server = await fixture.echo(reactor);
  const client = await reactor.connect(server.endpoint);
  const quiet = await reactor.connect(server.endpoint);
  quiet.onTimeout = () => fired.push('quiet');
  client.onTimeout = () => fired.push('client');
  client.setTimeout(5);
  client.setTimeout(0);
  quiet.setTimeout(5);
  await fixture.until(() => fired.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(fired).toEqual(['quiet']);
  for (const wrong of [-1, Number.NaN, '5', 2 ** 31]) {
    expect(() => client.setTimeout(wrong as number)).toThrow(/2\^31/);
  }
});

serverCases.test(
  'a connection with continuous data does not starve the others',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = await fixture.echo(reactor);
    const streamed = { bytes: 0 };
    const chunk = Buffer.alloc(65_536);
    const into = Buffer.alloc(65_536);
    const fast = await reactor.connect(server.endpoint);
    const pump = () => {
      while (fast.write(chunk, { keep: true }));
    };
    fast.onDrain = pump;
    fast.onReadable = () => {
      for (;;) {
        const count = fast.readInto(into);
        if (count === wouldBlock || count === 0) return;
        streamed.bytes += count;
      }
    };
    pump();
    const others = await Promise.all(
      Array.from({ length: 8 }, () => reactor.connect(server.endpoint)),
    );
    for (let round = 0; round < 20; round += 1) {
      const before = streamed.bytes;
      for (const other of others) other.write('ping');
      for (const other of others) expect((await readBytes(other, 4)).toString()).toBe('ping');
      // One round of all other connections takes only a few turns of the streaming one.
      expect(streamed.bytes - before).toBeLessThan(64 * 1_048_576);
    }
    expect(streamed.bytes).toBeGreaterThan(0);
    fast.destroy();
  },
);

serverCases.test('posts of other threads call onPost, in order', async (fixture) => {
  const reactor = fixture.reactor();
  const posted: unknown[] = [];
  reactor.onPost = (each) => posted.push(each);
  const server = await fixture.echo(reactor);
  const remote = createRemote(reactor.remoteData(), fixture.host.kernel);
  for (let value = 0; value < 200; value += 1) remote.post(7, value);
  await fixture.until(() => posted.length === 200);
  expect(posted).toEqual(Array.from({ length: 200 }, (_, value) => ({ type: 7, value })));
  await server.close();
  await reactor.close();
  expect(remote.post(7)).toBe(false);
});

serverCases.test(
  'diagnostics channels publish the events of a reactor with its name',
  async (fixture) => {
    const seen: string[] = [];
    const channels = Object.entries(diagnosticsChannels);
    const listeners = channels.map(([name, channel]) => {
      const listener = ({ reactor }: { readonly reactor: string }) => {
        if (reactor === 'seen') seen.push(name);
      };
      channel.subscribe(listener);
      return () => channel.unsubscribe(listener);
    });
    try {
      const reactor = fixture.reactor({ name: 'seen' });
      const server = await fixture.listen(reactor, (connection) => connection.close());
      const client = await reactor.connect(server.endpoint);
      expect(await client.read(Buffer.alloc(1))).toBe(0);
      await server.close();
      await client.closed;
      await reactor.close();
    } finally {
      for (const unsubscribe of listeners) unsubscribe();
    }
    const count = (name: string) => seen.filter((each) => each === name).length;
    expect([seen[0], seen.at(-1)]).toEqual(['open', 'close']);
    const once = ['listen', 'unlisten', 'accept', 'connect'].map(count);
    expect([...once, count('end')]).toEqual([1, 1, 1, 1, 2]);
  },
);
