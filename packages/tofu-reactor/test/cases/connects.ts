import { AsyncLocalStorage } from 'node:async_hooks';
import { createRemote } from 'afd-poller/internal';
import type { Connection } from 'tofu-reactor';
import { type Endpoint, TCPServerAddress, wouldBlock } from 'tofu-sockets';
import { createSocketCreator, temporaryUDSPathOn } from 'tofu-sockets/internal';
import { expect } from 'vitest';
import { Cases, type Fixture, readBytes } from '../fixture.js';

export const connectCases = new Cases();

/** A port on which no socket listens. */
function refusingPort(fixture: Fixture): number {
  const listener = createSocketCreator(fixture.host.kernel).fromAddress(new TCPServerAddress());
  const { port } = listener.localEndpoint();
  listener.close();
  return port;
}

connectCases.onIP('C02 a refused connect has the error message of Node', async (fixture) => {
  const reactor = fixture.reactor();
  const port = refusingPort(fixture);
  const error = await reactor.connect({ host: '127.0.0.1', port }).catch((each: unknown) => each);
  expect(error).toMatchObject({
    message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    code: 'ECONNREFUSED',
    errno: -4078,
    syscall: 'connect',
    address: '127.0.0.1',
    port,
  });
  const closes: unknown[] = [];
  const connection = reactor.open({ host: '127.0.0.1', port }, () => closes.push('connected'));
  connection.write('never sent');
  connection.onClose = (each) => closes.push(each);
  await connection.closed;
  expect(closes).toEqual([expect.objectContaining({ code: 'ECONNREFUSED' })]);
});

connectCases.onIP('a name is resolved, and its addresses are tried in turn', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await reactor.listen({ host: 'localhost', port: 0 }, (connection) => {
    connection.end('found');
  });
  const { port } = server.endpoint as { port: number };
  const client = await reactor.connect({ port });
  expect((await readBytes(client, 5)).toString()).toBe('found');
  const failed = await reactor
    .connect({ host: 'localhost', port: refusingPort(fixture) })
    .catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 'ECONNREFUSED' });
});

connectCases.onIP(
  'A09 listen on a port in use fails with EADDRINUSE, and on port 0 succeeds',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = await fixture.echo(reactor);
    const { port } = server.endpoint as { port: number };
    await expect(reactor.listen({ port })).rejects.toMatchObject({
      message: `listen EADDRINUSE 127.0.0.1:${port}`,
      code: 'EADDRINUSE',
      syscall: 'listen',
      port,
    });
    await reactor.listen({ port: 0 });
  },
);

connectCases.onIP(
  'C09 a client whose local port is in use fails with EADDRINUSE',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = await fixture.echo(reactor);
    const taken = server.endpoint as Endpoint;
    const failed = await reactor.connect(taken, { local: taken }).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      message: `bind EADDRINUSE 127.0.0.1:${taken.port}`,
      code: 'EADDRINUSE',
      syscall: 'bind',
      port: taken.port,
    });
    expect([server.accepted, reactor.inspect().connections]).toEqual([0, 0]);
    const client = await reactor.connect(taken, { local: { host: '127.0.0.1', port: 0 } });
    client.write('bound');
    expect((await readBytes(client, 5)).toString()).toBe('bound');
  },
);

connectCases.onIP('B12 a server on :: that is IPv6 only refuses IPv4', async (fixture) => {
  const reactor = fixture.reactor();
  const only = await reactor.listen({ host: '::', port: 0 }, (each) => each.end('six'), {
    ipv6Only: true,
  });
  const { port } = only.endpoint as Endpoint;
  await expect(reactor.connect({ host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
  const six = await reactor.connect({ host: '::1', port });
  expect((await readBytes(six, 3)).toString()).toBe('six');
  const dual = await reactor.listen({ host: '::', port: 0 }, (each) => each.end('any'));
  for (const host of ['127.0.0.1', '::1']) {
    const client = await reactor.connect({ host, port: (dual.endpoint as Endpoint).port });
    expect((await readBytes(client, 3)).toString()).toBe('any');
  }
});

connectCases.onIP(
  'B10 invalid ports and addresses are refused, valid ones are not',
  async (fixture) => {
    const reactor = fixture.reactor();
    const wrong = { code: 'ERR_ADDRESS' };
    for (const port of [-1 >>> 0, -1, 65_536, 1.5, Number.NaN, '80' as unknown as number]) {
      await expect(reactor.listen({ port })).rejects.toMatchObject(wrong);
      await expect(reactor.connect({ host: '127.0.0.1', port })).rejects.toMatchObject(wrong);
      expect(() => reactor.bind({ port })).toThrow(expect.objectContaining(wrong));
    }
    for (const host of ['127.0.0.1', '::1', '0.0.0.0']) {
      expect((await reactor.listen({ host, port: 0 })).endpoint).toMatchObject({
        port: expect.any(Number),
      });
    }
    for (const host of ['1.2.3.4.5', '256.0.0.1', '127.1', '', '::1::2']) {
      await expect(reactor.listen({ host, port: 0 })).rejects.toMatchObject({
        code: expect.stringMatching(/^(ERR_ADDRESS|ENOTFOUND)$/),
      });
    }
  },
);

connectCases.test(
  'a connect to a path without a server fails with ENOENT; listen accepts tofu’s textual form',
  async (fixture) => {
    const reactor = fixture.reactor();
    if (fixture.host.over === 'AF_UNIX') {
      const path = temporaryUDSPathOn(fixture.host.kernel);
      const error = await reactor.connect({ path }).catch((each: unknown) => each);
      expect(error).toMatchObject({ message: `connect ENOENT ${path}`, address: path });
      const server = await reactor.listen(`uds|${path}`);
      expect(server.endpoint).toEqual({ path });
    } else {
      const server = await reactor.listen('tcp|127.0.0.1|0');
      const { port } = server.endpoint as { port: number };
      expect(await reactor.connect(`tcp|127.0.0.1|${port}`)).toMatchObject({ isOpen: true });
    }
  },
);

connectCases.test(
  'C07 after destroy no callback of a pending connect is called, in 100 connects',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = await fixture.echo(reactor);
    const calls: string[] = [];
    for (let round = 0; round < 100; round += 1) {
      const connection = reactor.open(server.endpoint, () => calls.push('connected'));
      connection.write('x');
      connection.onReadable = () => calls.push('readable');
      if (round % 2 === 0) connection.destroy();
      else connection.reset();
    }
    await fixture.settle();
    expect(calls).toEqual([]);
    await fixture.until(() => reactor.inspect().connections === server.connections);
  },
);

connectCases.test(
  'C08 endpoints are known after the connect, and kept after the close',
  async (fixture) => {
    const reactor = fixture.reactor();
    let accepted: Connection | undefined;
    const server = await fixture.listen(reactor, (connection) => {
      accepted = connection;
    });
    const client = reactor.open(server.endpoint);
    expect([client.localEndpoint, client.remoteEndpoint]).toEqual([undefined, undefined]);
    await fixture.until(() => client.isOpen && accepted !== undefined);
    expect(client.remoteEndpoint).toEqual(server.endpoint);
    expect(accepted?.localEndpoint).toEqual(server.endpoint);
    expect(accepted?.remoteEndpoint).toEqual(client.localEndpoint);
    client.destroy();
    expect(client.remoteEndpoint).toEqual(server.endpoint);
  },
);

connectCases.test(
  'an AbortSignal ends a connect with its reason; a time limit ends it with ETIMEDOUT',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = await fixture.echo(reactor);
    const early = AbortSignal.abort(new Error('aborted before'));
    await expect(reactor.connect(server.endpoint, { signal: early })).rejects.toThrow(
      'aborted before',
    );
    const control = new AbortController();
    const connecting = reactor.connect(server.endpoint, { signal: control.signal });
    control.abort(new Error('aborted meanwhile'));
    await expect(connecting).rejects.toThrow('aborted meanwhile');
    if (fixture.host.over === 'IP') {
      const timeout = reactor.connect(
        { host: '127.0.0.1', port: refusingPort(fixture) },
        { timeoutMs: 0 },
      );
      await expect(timeout).rejects.toMatchObject({
        code: expect.stringMatching(/ETIMEDOUT|ECONNREFUSED/),
      });
    }
    const client = await reactor.connect(server.endpoint, {
      signal: new AbortController().signal,
      timeoutMs: 5_000,
    });
    expect(client.isOpen).toBe(true);
    expect(reactor.inspect().connections).toBe(1 + server.connections);
  },
);

connectCases.test('callbacks run in the async context in which they were set', async (fixture) => {
  const store = new AsyncLocalStorage<string>();
  const reactor = fixture.reactor();
  const seen: (string | undefined)[] = [];
  const note = (what: string) => seen.push(`${what} ${store.getStore()}`);
  const into = Buffer.alloc(8);
  const server = await store.run('server', () =>
    fixture.listen(reactor, (connection) => {
      note('accepted');
      store.run('connection', () => {
        connection.onReadable = () => {
          if (connection.readInto(into) !== wouldBlock) note('readable');
        };
      });
      connection.onClose = () => note('closed');
    }),
  );
  const client = store.run('client', () =>
    reactor.open(server.endpoint, () => {
      note('connected');
      client.end('x');
    }),
  );
  await fixture.until(() => seen.includes('closed server'));
  expect(new Set(seen)).toEqual(
    new Set(['connected client', 'accepted server', 'readable connection', 'closed server']),
  );
});

connectCases.test('close may be called from each callback of the reactor', async (fixture) => {
  for (const from of ['accepted', 'readable', 'drain', 'close', 'connected', 'timeout', 'drop']) {
    const reactor = fixture.reactor();
    let closing: Promise<void> | undefined;
    const at = (where: string) => {
      if (where === from) closing = reactor.close();
    };
    const server = await fixture.listen(reactor, (connection) => {
      at('accepted');
      connection.onReadable = () => {
        at('readable');
        if (connection.readInto(Buffer.alloc(64)) === 0) at('readable');
      };
      connection.onClose = () => at('close');
      connection.onDrain = () => at('drain');
      connection.onTimeout = () => at('timeout');
      if (from === 'timeout') connection.setTimeout(1);
      if (from === 'drain') {
        let left = 512;
        while (left > 0 && connection.write(Buffer.alloc(65_536))) left -= 1;
      }
    });
    server.onDrop = () => at('drop');
    if (from === 'drop') server.maxConnections = 0;
    const other = reactor.open(server.endpoint, () => at('connected'));
    other.onClose = () => {};
    other.write('x');
    if (from === 'drain') {
      const into = Buffer.alloc(65_536);
      other.onReadable = () => {
        for (let count = other.readInto(into); count !== wouldBlock && count > 0; ) {
          count = other.readInto(into);
        }
      };
    }
    if (from === 'close') {
      await fixture.until(() => server.connections > 0);
      other.destroy();
    }
    await fixture.until(() => closing !== undefined);
    await closing;
    expect(reactor.inspect()).toMatchObject({ isOpen: false, connections: 0, servers: 0 });
    await expect(reactor.listen({ port: 0 })).rejects.toMatchObject({ code: 'ERR_REACTOR_CLOSED' });
  }
});

connectCases.test('close may be called from onPost', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.echo(reactor);
  const client = await reactor.connect(server.endpoint);
  let closing: Promise<void> | undefined;
  reactor.onPost = () => {
    closing ??= reactor.close();
  };
  const remote = createRemote(reactor.remoteData(), fixture.host.kernel);
  remote.post(1);
  remote.post(2);
  await fixture.until(() => closing !== undefined);
  await closing;
  expect([client.isOpen, server.isListening, remote.post(3)]).toEqual([false, false, false]);
});

connectCases.onIP('close may be called from each callback of a UDP socket', async (fixture) => {
  for (const from of ['readable', 'close']) {
    const reactor = fixture.reactor();
    let closing: Promise<void> | undefined;
    const at = (where: string) => {
      if (where === from) closing = reactor.close();
    };
    const socket = reactor.bind({}, () => {
      at('readable');
      if (from === 'close') socket.destroy();
    });
    socket.onClose = () => at('close');
    reactor.bind({}).send(Buffer.from('x'), socket.endpoint);
    await fixture.until(() => closing !== undefined);
    await closing;
    expect(reactor.inspect()).toMatchObject({ isOpen: false, datagramSockets: 0, refs: 0 });
  }
});
