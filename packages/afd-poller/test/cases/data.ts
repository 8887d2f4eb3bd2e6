import { wouldBlock } from 'tofu-sockets';
import { expect } from 'vitest';
import { Cases } from '../fixture.js';
import { socketEvents } from '../pollers.js';

/** Cases about reading, writing and datagrams. */
export const data = new Cases();
const test = data.test.bind(data);
const onIP = data.onIP.bind(data);

const bytes = (count: number) => Buffer.alloc(count, 0x61);
/** What a long stream repeats. */
const pattern = Uint8Array.from({ length: 251 }, (_, at) => at);

test('R01 an idle pair has no event; one byte causes one event', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true }, 'server');
  fixture.expectSilence(poller, 0);
  client.send(bytes(1));
  fixture.expectNext(poller, 'server readable');
});

test('R02 unread bytes are reported in every wait, until the last one is read', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true }, 'server');
  client.send(bytes(5));
  fixture.expectNext(poller, 'server readable');
  expect(server.recv(Buffer.alloc(3))).toBe(3);
  fixture.expectNext(poller, 'server readable');
  expect(server.recv(Buffer.alloc(3))).toBe(2);
  fixture.expectSilence(poller);
});

test('R03 edge: data are reported once, and new data again after a would-block', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true, mode: 'edge' }, 'server');
  for (let round = 0; round < 3; round += 1) {
    client.send(bytes(10));
    fixture.expectNext(poller, 'server readable');
    fixture.expectSilence(poller, 20);
    fixture.receive(server, 10);
    fixture.expectSilence(poller, 20);
  }
});

test('R04 a receive with MSG_PEEK leaves the socket readable', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  client.send(bytes(4));
  poller.add(server, { readable: true }, 'server');
  fixture.expectNext(poller, 'server readable');
  expect(server.recv(Buffer.alloc(4), { peek: true })).toBe(4);
  fixture.expectNext(poller, 'server readable');
  fixture.receive(server, 4);
  fixture.expectSilence(poller);
});

test('R05 W03 a megabyte in small writes arrives in order when both sides act on events', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(client, { writable: true }, 'client');
  poller.add(server, { readable: true }, 'server');
  const total = 2 ** 20;
  const data = Buffer.alloc(total, pattern);
  const buffer = Buffer.alloc(65_536);
  let [sent, received] = [0, 0];
  while (received < total) {
    for (const event of socketEvents(poller.wait(5_000))) {
      if (event.isWritable) {
        const count = client.send(data.subarray(sent, sent + 4_096));
        if (count !== wouldBlock) sent += count;
        if (sent === total) poller.modify(client, {});
      }
      if (event.isReadable) {
        const count = server.recv(buffer);
        if (count === wouldBlock) continue;
        const isInOrder = data.compare(buffer, 0, count, received, received + count) === 0;
        if (!isInOrder) throw new Error(`after byte ${received} the server got wrong bytes`);
        received += count;
      }
    }
  }
  expect(received).toBe(total);
});

onIP('R07 a byte of priority data is reported as priority, not as readable', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true, priority: true }, 'server');
  client.send(bytes(1), { oob: true });
  fixture.expectNext(poller, 'server priority');
  expect(server.recv(Buffer.alloc(1), { oob: true })).toBe(1);
  poller.modify(server, { readable: true });
  client.send(bytes(3));
  fixture.expectNext(poller, 'server readable');
});

test('R08 repeated receives into a small buffer lose no byte', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true }, 'server');
  client.send(Buffer.from('hello world'));
  const [buffer, parts] = [Buffer.alloc(8), [] as string[]];
  while (parts.join('').length < 11) {
    fixture.expectNext(poller, 'server readable');
    const count = server.recv(buffer);
    parts.push(buffer.toString('utf8', 0, Number(count)));
  }
  // The text may arrive in several pieces, none longer than the buffer.
  expect(parts.join('')).toBe('hello world');
});

test('R09 closing a registered socket ends the stream of its peer', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true }, 'server');
  expect(server.recv(Buffer.alloc(1))).toBe(wouldBlock);
  fixture.expectSilence(poller, 0);
  server.close();
  expect(fixture.until(() => client.recv(Buffer.alloc(1)))).toBe(0);
});

test('W01 a fresh pair is writable at once', (fixture) => {
  const poller = fixture.poller();
  const { client } = fixture.pair();
  poller.add(client, { writable: true }, 'client');
  fixture.host.sleep(5);
  expect(fixture.next(poller, 0)).toEqual(['client writable']);
});

test('W02 a client is not reported while its send buffer is full, and is when there is room', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(client, { writable: true }, 'client');
  const sent = fixture.fillUntilSilent(poller, client);
  let received = 0;
  while (received < sent) {
    received += fixture.drain(server);
    fixture.host.sleep(1);
  }
  expect(received).toBe(sent);
  fixture.expectNext(poller, 'client writable');
});

test('W04 written data arrive even if the socket is closed or removed at once', (fixture) => {
  const poller = fixture.poller();
  for (const end of ['close', 'remove'] as const) {
    const { client, server } = fixture.pair();
    poller.add(client, { writable: true }, 'client');
    client.send(bytes(4));
    if (end === 'close') client.close();
    else poller.remove(client);
    const buffer = Buffer.alloc(8);
    let received = 0;
    while (received < 4) {
      const count = fixture.until(() => server.recv(buffer));
      expect(count).toBeGreaterThan(0);
      received += count;
    }
    expect(received).toBe(4);
  }
});

test('G09 a close with a poll pending loses no sent byte: the peer gets all, then the end', (fixture) => {
  const poller = fixture.poller();
  const sent = Buffer.alloc(65_536, pattern);
  const buffer = Buffer.alloc(65_536);
  for (let round = 0; round < 10; round += 1) {
    const { client, server } = fixture.pair();
    poller.add(client, { readable: true }, 'client');
    fixture.expectSilence(poller, 0);
    let written = 0;
    while (written < sent.byteLength) {
      const count = client.send(sent.subarray(written));
      if (count === wouldBlock) break;
      written += count;
    }
    client.close();
    const received: Buffer[] = [];
    for (;;) {
      const count = fixture.until(() => server.recv(buffer));
      if (count === 0) break;
      received.push(Buffer.from(buffer.subarray(0, count)));
    }
    const all = Buffer.concat(received);
    expect(written).toBeGreaterThan(0);
    expect(all.equals(sent.subarray(0, written))).toBe(true);
    expect(poller.inspect().registrations).toBe(0);
    server.close();
  }
});

test('W05 writing to a closed peer ends with an error', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(client, { writable: true }, 'client');
  server.close();
  let error: unknown;
  for (let round = 0; round < 100 && error === undefined; round += 1) {
    poller.wait(20);
    try {
      client.send(bytes(100));
    } catch (thrown) {
      error = thrown;
    }
  }
  expect(String(error)).toMatch(/WSAECONNRESET|WSAECONNABORTED/);
});

onIP('U01 a UDP socket is writable, and an empty datagram is reported and received', (fixture) => {
  const poller = fixture.poller();
  const [a, b] = [fixture.udp(), fixture.udp()];
  poller.add(a, { writable: true }, 'a');
  poller.add(b, { readable: true }, 'b');
  fixture.expectNext(poller, 'a writable');
  poller.remove(a);
  a.sendTo(Buffer.alloc(0), b.localEndpoint());
  fixture.expectNext(poller, 'b readable');
  expect(b.recvFrom(Buffer.alloc(8))).toMatchObject({ byteLength: 0 });
  expect(b.recvFrom(Buffer.alloc(8))).toBe(wouldBlock);
  fixture.expectSilence(poller);
});

onIP('U02 edge: a datagram is reported once, and the next one after a would-block', (fixture) => {
  const poller = fixture.poller();
  const [a, b] = [fixture.udp(), fixture.udp()];
  poller.add(b, { readable: true, mode: 'edge' }, 'b');
  for (let round = 0; round < 3; round += 1) {
    a.sendTo(bytes(3), b.localEndpoint());
    fixture.expectNext(poller, 'b readable');
    expect(b.recvFrom(Buffer.alloc(8))).toMatchObject({ byteLength: 3 });
    expect(b.recvFrom(Buffer.alloc(8))).toBe(wouldBlock);
    fixture.expectSilence(poller, 20);
  }
});

onIP('U04 a datagram to a closed port causes no event, and the next send succeeds', (fixture) => {
  const poller = fixture.poller();
  const [a, b] = [fixture.udp(), fixture.udp()];
  const { host, port } = b.localEndpoint();
  b.close();
  poller.add(a, { readable: true }, 'a');
  a.sendTo(bytes(1), { host, port });
  fixture.expectSilence(poller);
  expect(a.recvFrom(Buffer.alloc(8))).toBe(wouldBlock);
});

onIP(
  'U05 a datagram longer than the buffer is reported once; the receive fails and drops it',
  (fixture) => {
    const poller = fixture.poller();
    const [a, b] = [fixture.udp(), fixture.udp()];
    poller.add(b, { readable: true }, 'b');
    a.sendTo(bytes(5), b.localEndpoint());
    fixture.expectNext(poller, 'b readable');
    expect(() => b.recvFrom(Buffer.alloc(2))).toThrowError(/WSAEMSGSIZE/);
    fixture.expectSilence(poller);
  },
);

onIP('U06 a removed UDP socket reports nothing, and can still receive', (fixture) => {
  const poller = fixture.poller();
  const [a, b] = [fixture.udp(), fixture.udp()];
  poller.add(b, { readable: true }, 'b');
  fixture.expectSilence(poller, 0);
  poller.remove(b);
  a.sendTo(bytes(2), b.localEndpoint());
  fixture.expectSilence(poller);
  expect(fixture.until(() => b.recvFrom(Buffer.alloc(8)))).toMatchObject({ byteLength: 2 });
});
