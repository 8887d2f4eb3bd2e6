import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Connection } from 'tofu-reactor';
import { wouldBlock } from 'tofu-sockets';
import { expect } from 'vitest';
import { Cases, readAll, readBytes } from '../fixture.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export const endCases = new Cases();

endCases.test('H01 read returns 0 at the end of the stream, after all data', async (fixture) => {
  const reactor = fixture.reactor();
  const seen: string[] = [];
  const into = Buffer.alloc(64);
  const server = await fixture.listen(reactor, (connection) => {
    connection.onReadable = () => {
      for (;;) {
        const count = connection.readInto(into);
        if (count === wouldBlock) return;
        seen.push(count === 0 ? 'end' : into.toString('latin1', 0, count));
        if (count === 0) return;
      }
    };
    connection.onClose = (error) => seen.push(`close ${error}`);
  });
  const client = await reactor.connect(server.endpoint);
  client.end('last');
  await fixture.until(() => seen.at(-1) === 'close undefined');
  // The bytes may arrive in pieces.
  expect(seen.join('|')).toMatch(/^l\|?a\|?s\|?t\|end\|close undefined$/);
  expect(await client.read(into)).toBe(0);
});

endCases.test(
  'H04 with allowHalfOpen one side still sends after the other has ended',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = await fixture.listen(
      reactor,
      async (connection) => {
        expect((await readAll(connection)).toString()).toBe('question');
        expect(connection.isReadEnded).toBe(true);
        await fixture.settle();
        connection.end('answer');
      },
      { allowHalfOpen: true },
    );
    const client = await reactor.connect(server.endpoint);
    client.end('question');
    expect((await readAll(client)).toString()).toBe('answer');
    await client.closed;
    await fixture.until(() => server.connections === 0);
  },
);

endCases.test('H07 calls on a closed connection do not throw', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.echo(reactor);
  const client = await reactor.connect(server.endpoint);
  client.destroy();
  await client.closed;
  expect(client.readInto(Buffer.alloc(1))).toBe(wouldBlock);
  client.end();
  client.destroy();
  client.reset();
  client.setNoDelay();
  client.setKeepAlive(true);
  client.setTimeout(5);
  client.ref().unref();
  await client.close();
  await client[Symbol.asyncDispose]();
  expect([client.isOpen, client.isConnecting, client.bufferedBytes]).toEqual([false, false, 0]);
  await expect(client.read(Buffer.alloc(1))).rejects.toMatchObject({ code: 'ERR_REACTOR_CLOSED' });
});

endCases.test(
  'H08 a write after end is refused; a write after the close of the peer fails once',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = await fixture.listen(reactor, (connection) => connection.destroy());
    const client = await reactor.connect(server.endpoint, { allowHalfOpen: true });
    const closes: unknown[] = [];
    client.onClose = (error) => closes.push(error);
    expect(await client.read(Buffer.alloc(1))).toBe(0);
    await fixture.until(() => {
      if (client.isOpen) client.write('to a closed peer');
      return closes.length > 0;
    });
    expect(closes).toEqual([
      expect.objectContaining({ code: expect.stringMatching(/^E(CONN|PIPE)/) }),
    ]);
    expect(client.write('dropped')).toBe(false);
    const other = await reactor.connect(server.endpoint);
    other.end();
    expect(() => other.write('x')).toThrow(expect.objectContaining({ code: 'ERR_REACTOR_ENDED' }));
  },
);

for (const isPolled of [true, false]) {
  const when = isPolled ? 'while a poll is pending' : 'before the first poll';
  endCases.test(`X01 a reset ${when} is reported as an error, not as an end`, async (fixture) => {
    const reactor = fixture.reactor();
    const connections: Connection[] = [];
    const closes: unknown[] = [];
    const counts: unknown[] = [];
    const server = await fixture.listen(reactor, (connection) => {
      connections.push(connection);
      connection.onClose = (error) => closes.push(error);
    });
    const peer = await fixture.raw(server);
    await fixture.until(() => connections.length === 1);
    const connection = connections[0] as Connection;
    const read = () => {
      counts.push(connection.readInto(Buffer.alloc(8)));
    };
    if (isPolled) {
      connection.onReadable = read;
      await fixture.settle();
    }
    // Closing a socket with unread bytes sends a reset, too, also over AF_UNIX.
    connection.write('unread');
    await fixture.until(() => peer.recv(Buffer.alloc(1), { peek: true }) !== wouldBlock);
    if (fixture.host.over === 'IP') peer.abortOnClose();
    peer.close();
    await fixture.settle();
    if (!isPolled) connection.onReadable = read;
    await fixture.until(() => closes.length > 0);
    expect(counts).not.toContain(0);
    expect(closes).toEqual([expect.objectContaining({ code: 'ECONNRESET', syscall: 'read' })]);
  });
}

endCases.test('X05 a peer that closes with unread bytes resets', async (fixture) => {
  const reactor = fixture.reactor();
  const closes: unknown[] = [];
  const server = await fixture.listen(reactor, (connection) => {
    connection.onClose = (error) => closes.push(error);
    connection.onReadable = () => connection.readInto(Buffer.alloc(8));
    connection.write('never read');
  });
  const peer = await fixture.raw(server);
  await fixture.until(() => peer.recv(Buffer.alloc(1), { peek: true }) !== wouldBlock);
  peer.close();
  await fixture.until(() => closes.length > 0);
  expect(closes).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
});

endCases.test('W04 data written before close arrive', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.listen(reactor, async (connection) => {
    connection.write(Buffer.alloc(300_000, 0x62));
    await connection.close();
  });
  const client = await reactor.connect(server.endpoint);
  const bytes = await readAll(client);
  expect(bytes.equals(Buffer.alloc(300_000, 0x62))).toBe(true);
});

endCases.test('the peer of a connection that calls reset sees an error', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.listen(reactor, (connection) => {
    connection.onReadable = () => {
      if (connection.readInto(Buffer.alloc(1)) !== wouldBlock) connection.reset();
    };
  });
  const client = await reactor.connect(server.endpoint);
  client.write('unread bytes, so that it is one over AF_UNIX, too');
  const end = await client.read(Buffer.alloc(1)).catch((error: unknown) => error);
  expect(end).toMatchObject({ code: 'ECONNRESET' });
});

endCases.test('X02 two peers reset, and the server serves the next one', async (fixture) => {
  const reactor = fixture.reactor();
  const closes: unknown[] = [];
  const server = await fixture.listen(reactor, (connection) => {
    connection.onClose = (error) => closes.push(error);
    connection.onReadable = () => connection.readInto(Buffer.alloc(8));
    connection.write('unread');
  });
  for (let index = 0; index < 2; index += 1) {
    const peer = await fixture.raw(server);
    await fixture.until(() => peer.recv(Buffer.alloc(1), { peek: true }) !== wouldBlock);
    // Closing a socket with unread bytes sends a reset, also over AF_UNIX.
    if (fixture.host.over === 'IP') peer.abortOnClose();
    peer.close();
  }
  await fixture.until(() => closes.length === 2);
  const reset = expect.objectContaining({ code: 'ECONNRESET' });
  expect(closes).toEqual([reset, reset]);
  const next = await reactor.connect(server.endpoint);
  expect((await readBytes(next, 6)).toString()).toBe('unread');
});

endCases.test('E07 the callback of a finished connect is garbage-collected', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.echo(reactor);
  const refs: WeakRef<object>[] = [];
  const connectOnce = async () => {
    const given = { run: () => {} };
    refs.push(new WeakRef(given));
    const client = reactor.open(server.endpoint, () => given.run());
    client.write('x');
    expect(await client.read(Buffer.alloc(1))).toBe(1);
    return client;
  };
  for (let index = 0; index < 20; index += 1) {
    const client = await connectOnce();
    client.destroy();
    await client.closed;
  }
  await fixture.settle();
  collect();
  const left = refs.filter((ref) => ref.deref() !== undefined);
  // A list of events keeps the tokens of its last wait.
  expect(left.length).toBeLessThanOrEqual(2);
});
