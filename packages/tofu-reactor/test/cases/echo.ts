import { expect } from 'vitest';
import { Cases, readAll, readBytes } from '../fixture.js';

export const echoCases = new Cases();

echoCases.test(
  'E01 the client receives its 11 bytes, and the server sees the end',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = await fixture.echo(reactor);
    const client = await reactor.connect(server.endpoint);
    client.write('Tofu Engine');
    expect((await readBytes(client, 11)).toString()).toBe('Tofu Engine');
    client.end();
    expect(await client.read(Buffer.alloc(1))).toBe(0);
    await client.closed;
    await fixture.until(() => server.connections === 0);
    expect([client.bytesRead, client.bytesWritten]).toEqual([11, 11]);
  },
);

echoCases.test(
  'E02 with allowHalfOpen many pings are echoed, and then the stream ends',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = await fixture.echo(reactor, { allowHalfOpen: false });
    const client = await reactor.connect(server.endpoint, { allowHalfOpen: true });
    const into = Buffer.alloc(16);
    for (let round = 0; round < 100; round += 1) {
      client.write('PING');
      let length = 0;
      while (length < 4) length += await client.read(into.subarray(length));
      expect(into.toString('latin1', 0, length)).toBe('PING');
    }
    client.end();
    expect(await client.read(into)).toBe(0);
    await client.closed;
  },
);

echoCases.test('E03 all 256 values of a byte are echoed', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.echo(reactor);
  const client = await reactor.connect(server.endpoint);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
  client.write([bytes, bytes]);
  expect(await readBytes(client, 512)).toEqual(Buffer.concat([bytes, bytes]));
});

echoCases.test('E05 data written before the connect are sent in order', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.echo(reactor);
  let connected = 0;
  const client = reactor.open(server.endpoint, () => {
    connected += 1;
    client.write(' three');
  });
  expect(client.isConnecting).toBe(true);
  expect(client.write('one')).toBe(false);
  client.write([Buffer.from(' '), Buffer.from('two')]);
  expect((await readBytes(client, 13)).toString()).toBe('one two three');
  expect(connected).toBe(1);
  // `end`, too, can be called before the connection is established.
  const other = reactor.open(server.endpoint);
  other.end('only');
  expect((await readAll(other)).toString()).toBe('only');
});

echoCases.test('E09 the byte counts of 100 pairs of small writes are exact', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.echo(reactor);
  const client = await reactor.connect(server.endpoint);
  let sent = '';
  for (let round = 0; round < 100; round += 1) {
    client.write([Buffer.from(`a${round}`), Buffer.from(`b${round}`)]);
    sent += `a${round}b${round}`;
  }
  expect((await readBytes(client, sent.length)).toString()).toBe(sent);
  expect([client.bytesRead, client.bytesWritten]).toEqual([sent.length, sent.length]);
});

echoCases.test(
  'R08 a message larger than the buffer is read in pieces without a loss',
  async (fixture) => {
    const reactor = fixture.reactor();
    const pieces: string[] = [];
    const small = Buffer.alloc(8);
    const server = await fixture.listen(reactor, (connection) => {
      connection.onReadable = () => {
        const count = connection.readInto(small);
        if (typeof count === 'number' && count > 0) pieces.push(small.toString('latin1', 0, count));
      };
    });
    const client = await reactor.connect(server.endpoint);
    client.write('hello world');
    await fixture.until(() => pieces.join('') === 'hello world');
    expect(pieces.every(({ length }) => length <= small.length)).toBe(true);
    expect(pieces.length).toBeGreaterThan(1);
  },
);

echoCases.test('R05 W03 megabytes are echoed completely and in order', async (fixture) => {
  const reactor = fixture.reactor();
  const server = await fixture.echo(reactor);
  const client = await reactor.connect(server.endpoint);
  const bytes = Buffer.alloc(fixture.host.isSimulated ? 1_048_576 : 8 * 1_048_576);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(at, at);
  client.write(bytes, { keep: true });
  client.end();
  expect((await readAll(client)).equals(bytes)).toBe(true);
});

echoCases.test(
  'W06 a slow reader gets all of 2 MB, and the writer gets a drain event',
  async (fixture) => {
    const reactor = fixture.reactor();
    const chunk = Buffer.alloc(65_536, 0x61);
    let [left, drains, most] = [32, 0, 0];
    const server = await fixture.listen(reactor, (connection) => {
      const write = () => {
        while (left > 0) {
          left -= 1;
          const isAllSent = connection.write(chunk);
          most = Math.max(most, connection.bufferedBytes);
          if (!isAllSent) return;
        }
        connection.end();
      };
      connection.onDrain = () => {
        drains += 1;
        expect(connection.bufferedBytes).toBe(0);
        write();
      };
      write();
    });
    const client = await reactor.connect(server.endpoint);
    const into = Buffer.alloc(10_000);
    let total = 0;
    for (;;) {
      const count = await client.read(into);
      if (count === 0) break;
      total += count;
      await fixture.until(() => true);
    }
    expect(total).toBe(32 * chunk.length);
    expect(most).toBeLessThanOrEqual(chunk.length);
    if (fixture.host.isSimulated) expect(drains).toBeGreaterThan(0);
  },
);
