import { PollEvents } from 'afd-poller';
import { expect } from 'vitest';
import { Cases, inWords } from '../fixture.js';
import { pollerOf, socketEvents } from '../pollers.js';

/** Cases about many sockets and several pollers. */
export const many = new Cases();
const test = many.test.bind(many);
const onIP = many.onIP.bind(many);

const bytes = (count: number) => Buffer.alloc(count, 0x61);

test('S01 of forty pairs exactly the one with data is reported, each in turn', (fixture) => {
  const poller = fixture.poller();
  const pairs = Array.from({ length: 40 }, (_, index) => ({ name: `${index}`, ...fixture.pair() }));
  for (const { name, server } of pairs) poller.add(server, { readable: true }, name);
  for (let count = 0; count < 40; count += 1) {
    // 40 and 17 have no common divisor, so each pair occurs once, in a mixed order.
    const pair = pairs[(count * 17) % 40];
    if (pair === undefined) throw new Error('no such pair');
    pair.client.send(bytes(1));
    fixture.expectNext(poller, `${pair.name} readable`);
    expect(fixture.drain(pair.server)).toBe(1);
    if (count % 2 === 0) poller.remove(pair.server);
  }
});

test('S06 one listener serves 51 clients one after another', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  poller.add(listener, { accept: true }, 'listener');
  for (let round = 0; round < 51; round += 1) {
    const client = fixture.clientOf(listener);
    client.connect();
    fixture.expectNext(poller, 'listener accept');
    const server = fixture.accept(listener);
    poller.add(server, { readable: true }, 'server');
    fixture.until(() => client.finishConnect());
    client.send(Buffer.from('hello'));
    fixture.expectNext(poller, 'server readable');
    fixture.receive(server, 5);
    client.close();
    fixture.expectNext(poller, 'server readable readClosed');
    server.close();
  }
  fixture.expectSilence(poller, 5);
  expect(poller.inspect()).toMatchObject({ registrations: 1, pending: 1 });
});

test('S07 fifty registrations that are removed a moment later leave no request', (fixture) => {
  const poller = fixture.poller();
  const pairs = Array.from({ length: 50 }, () => fixture.pair());
  for (let round = 0; round < 5; round += 1) {
    for (const [index, { server }] of pairs.entries()) {
      poller.add(server, { readable: true }, `${index}`);
    }
    poller.wait(1);
    for (const { server } of pairs) poller.remove(server);
    fixture.expectSilence(poller, 10);
    const { registrations, pending, submitted, packets } = poller.inspect();
    expect({ registrations, pending }).toEqual({ registrations: 0, pending: 0 });
    // Each request completed exactly once. With the preset `batched` several sockets share one
    // packet.
    if (fixture.preset !== 'batched') expect(packets).toBe(submitted);
  }
});

test('S08 a server with a limit of ten refuses ten of twenty clients', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  poller.add(listener, { accept: true }, 'listener');
  const clients = Array.from({ length: 20 }, () => fixture.clientOf(listener));
  for (const client of clients) client.connect();
  const served = [];
  for (let accepted = 0; accepted < 20; accepted += 1) {
    fixture.expectNext(poller, 'listener accept');
    const server = fixture.accept(listener);
    if (served.length < 10) served.push(server);
    else server.close();
  }
  for (const [index, client] of clients.entries()) {
    fixture.until(() => client.finishConnect());
    if (index < 10) expect(client.isOpen).toBe(true);
  }
  served.pop()?.close();
  fixture.clientOf(listener).connect();
  fixture.expectNext(poller, 'listener accept');
});

test('P03 two pollers report one socket; with the preset self the second refuses it', (fixture) => {
  const { client, server } = fixture.pair();
  const first = fixture.poller();
  const second = fixture.poller();
  first.add(server, { readable: true }, 'first');
  if (fixture.preset === 'self') {
    expect(() => second.add(server, { readable: true }, 'second')).toThrowError(
      expect.objectContaining({ code: 'ERR_OTHER_PORT' }),
    );
    expect(second.inspect()).toMatchObject({
      registrations: 0,
      blocks: { ours: 0, kernelOwned: 0 },
    });
  } else {
    second.add(server, { readable: true }, 'second');
  }
  client.send(bytes(1));
  fixture.expectNext(first, 'first readable');
  if (fixture.preset !== 'self') fixture.expectNext(second, 'second readable');
  expect(fixture.drain(server)).toBe(1);
  fixture.expectSilence(first);
});

onIP('P04 each of ten pollers reports the same datagram of one socket once', (fixture) => {
  if (fixture.preset === 'self') {
    // A socket's own handle belongs to its first poller for life.
    const [shared, first, second] = [fixture.udp(), fixture.poller(), fixture.poller()];
    first.add(shared, {}, 'first');
    expect(() => second.add(shared, {}, 'second')).toThrowError(
      expect.objectContaining({ code: 'ERR_OTHER_PORT' }),
    );
    return;
  }
  const [from, to] = [fixture.udp(), fixture.udp()];
  const pollers = Array.from({ length: 10 }, () => fixture.poller());
  for (const [index, poller] of pollers.entries()) poller.add(to, { readable: true }, `${index}`);
  for (const poller of pollers) fixture.expectSilence(poller, 0);
  from.sendTo(bytes(3), to.localEndpoint());
  for (const [index, poller] of pollers.entries()) fixture.expectNext(poller, `${index} readable`);
  expect(to.recvFrom(Buffer.alloc(8))).toMatchObject({ byteLength: 3 });
  for (const poller of pollers) fixture.expectSilence(poller, 5);
});

test('Z07 two hundred pollers are created, used and closed, and leave nothing open', (fixture) => {
  const { server } = fixture.pair();
  for (let round = 0; round < 200; round += 1) {
    const { kernel, now } = fixture.host;
    // A socket's own handle belongs to its first poller for life.
    const preset = fixture.preset === 'self' ? 'single' : fixture.preset;
    const poller = pollerOf(preset, { kernel, now });
    poller.add(server, { readable: true });
    poller.wait(0, new PollEvents(1));
    poller.close();
    poller.close();
  }
});

test('a socket with continuous data does not starve the others', (fixture) => {
  const poller = fixture.poller();
  const busy = fixture.pair();
  const calm = Array.from({ length: 8 }, () => fixture.pair());
  poller.add(busy.client, { writable: true }, 'busy');
  for (const { server } of calm) poller.add(server, { readable: true }, 'calm');
  fixture.expectNext(poller, 'busy writable');
  for (const { client } of calm) client.send(bytes(1));
  fixture.host.sleep(5);
  const list = new PollEvents<string>(2);
  let reported = 0;
  for (let round = 0; round < 20 && reported < 8; round += 1) {
    for (const event of socketEvents(poller.wait(100, list))) {
      if (event.token !== 'calm') continue;
      if (event.skt.kind === 'accepted') fixture.drain(event.skt);
      reported += 1;
    }
    expect(inWords(list).length).toBeLessThanOrEqual(2);
  }
  expect(reported).toBe(8);
});
