import { PollEvents } from 'afd-poller';
import { expect } from 'vitest';
import { Cases, inWords } from '../fixture.js';
import { socketEvents } from '../pollers.js';

/** Cases about add, modify and remove, and about the modes level, one-shot and edge. */
export const registrations = new Cases();
const test = registrations.test.bind(registrations);

const bytes = (count: number) => Buffer.alloc(count, 0x61);
const refused = (code: string) => expect.objectContaining({ code });

test('D01 data that arrive after remove cause no event, and can be read', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true }, 'server');
  fixture.expectSilence(poller, 0);
  poller.remove(server);
  client.send(bytes(2));
  fixture.expectSilence(poller);
  fixture.receive(server, 2);
});

test('D02 after modify only the new interest is reported, with the new token', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true }, 'old');
  fixture.expectSilence(poller, 0);
  client.send(bytes(1));
  poller.modify(server, { writable: true }, 'new');
  fixture.expectNext(poller, 'new writable');
});

test('D03 a socket that is added again while its old poll is cancelled reports its data', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  for (let round = 0; round < 20; round += 1) {
    poller.add(server, { readable: true }, `old ${round}`);
    fixture.expectSilence(poller, 0);
    if (round % 2 === 0) client.send(bytes(1));
    poller.remove(server);
    poller.add(server, { readable: true }, `new ${round}`);
    if (round % 2 === 1) client.send(bytes(1));
    fixture.expectNext(poller, `new ${round} readable`);
    fixture.receive(server, 1);
    poller.remove(server);
    expect(poller.inspect().pending).toBeLessThanOrEqual(1);
  }
});

test('D04 an event has the token that modify set while its poll was pending', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  poller.add(listener, { accept: true }, 'old');
  fixture.expectSilence(poller, 0);
  poller.modify(listener, { accept: true }, 'new');
  fixture.clientOf(listener).connect();
  fixture.expectNext(poller, 'new accept');
  // The pending poll requests the right events already, so a new token must not cancel it.
  expect(poller.inspect()).toMatchObject({ cancelled: 0 });
});

test('D05 adding twice and modifying an unknown socket throw; the registration stays valid', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true }, 'first');
  expect(() => poller.add(server, { writable: true }, 'second')).toThrowError(
    refused('ERR_ALREADY_REGISTERED'),
  );
  expect(() => poller.modify(client, {})).toThrowError(refused('ERR_NOT_REGISTERED'));
  expect(() => poller.remove(client)).toThrowError(refused('ERR_NOT_REGISTERED'));
  client.send(bytes(1));
  fixture.expectNext(poller, 'first readable');
});

test('D07 sockets that a handler removes are not reported, even if they are in the list', (fixture) => {
  const poller = fixture.poller();
  const pairs = ['a', 'b', 'c', 'd'].map((name) => ({ name, ...fixture.pair() }));
  for (const { name, client, server } of pairs) {
    client.send(bytes(1));
    poller.add(server, { readable: true }, name);
  }
  fixture.host.sleep(5);
  const reported: (string | undefined)[] = [];
  for (const event of socketEvents(poller.wait(1_000))) {
    reported.push(event.token);
    // The handler of the first event removes all other sockets, also those that have an event in
    // the list.
    for (const { name, server } of pairs) {
      if (name !== event.token && poller.has(server)) poller.remove(server);
    }
  }
  expect(reported).toHaveLength(1);
  expect(poller.inspect().registrations).toBe(1);
});

test('D07 an interest that changed after the wait filters the events of that wait', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  client.send(bytes(1));
  poller.add(server, { readable: true, writable: true }, 'server');
  const events = poller.wait(1_000);
  poller.modify(server, { writable: true });
  expect(inWords(events)).toEqual(['server writable']);
  poller.modify(server, {});
  expect(inWords(events)).toEqual([]);
});

test('D09 of two registrations only the one with data is reported', (fixture) => {
  const poller = fixture.poller();
  const [one, two] = [fixture.pair(), fixture.pair()];
  poller.add(one.server, { readable: true }, 'one');
  poller.add(two.server, { readable: true }, 'two');
  two.client.send(bytes(1));
  fixture.expectNext(poller, 'two readable');
});

test('D10 add, wait and remove 200 times: the memory does not grow, and no poll is pending', (fixture) => {
  const poller = fixture.poller();
  const { server } = fixture.pair();
  let bytesBefore = 0;
  for (let round = 0; round < 200; round += 1) {
    poller.add(server, { readable: true }, 'server');
    poller.wait(0);
    poller.remove(server);
    if (round === 0) bytesBefore = poller.inspect().blocks.bytes;
  }
  poller.wait(0);
  const { blocks, pending } = poller.inspect();
  expect(blocks.bytes).toBe(bytesBefore);
  expect(pending).toBe(0);
});

test('M01 one-shot: data are reported once, and again at once after modify', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true, mode: 'oneshot' }, 'server');
  client.send(bytes(1));
  fixture.expectNext(poller, 'server readable');
  client.send(bytes(1));
  fixture.expectSilence(poller);
  expect(() => poller.add(server, { readable: true }, 'again')).toThrowError(
    refused('ERR_ALREADY_REGISTERED'),
  );
  poller.modify(server, { readable: true, mode: 'oneshot' });
  fixture.expectNext(poller, 'server readable');
  fixture.expectSilence(poller);
});

test('M02 a spent one-shot does not report a reset until modify', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true, mode: 'oneshot' }, 'server');
  client.send(bytes(1));
  fixture.expectNext(poller, 'server readable');
  fixture.reset(client, server);
  fixture.expectSilence(poller);
  poller.modify(server, { readable: true });
  const [word] = fixture.next(poller);
  expect(word).toMatch(/^server readable.* reset$/);
});

test('M03 edge: unread bytes are reported again only after a would-block', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true, mode: 'edge' }, 'server');
  client.send(bytes(5));
  fixture.expectNext(poller, 'server readable');
  expect(server.recv(Buffer.alloc(3))).toBe(3);
  fixture.expectSilence(poller);
  // Unlike with epoll, new data alone cause no event, because AFD does not distinguish them from
  // old data.
  client.send(bytes(5));
  fixture.expectSilence(poller);
  fixture.receive(server, 7);
  client.send(bytes(1));
  fixture.expectNext(poller, 'server readable');
});

test('M03 edge: writable is reported once, and again when a full buffer has room', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(client, { writable: true, mode: 'edge' }, 'client');
  fixture.expectNext(poller, 'client writable');
  fixture.expectSilence(poller, 20);
  const sent = fixture.fillUntilSilent(poller, client);
  for (let received = 0; received < sent; fixture.host.sleep(1)) received += fixture.drain(server);
  fixture.expectNext(poller, 'client writable');
});

test('M04 ready sockets that do not fit into the list are reported once by the next waits', (fixture) => {
  const poller = fixture.poller();
  const pairs = Array.from({ length: 10 }, (_, index) => ({ name: `${index}`, ...fixture.pair() }));
  for (const { name, client, server } of pairs) {
    client.send(bytes(1));
    poller.add(server, { readable: true, mode: 'oneshot' }, name);
  }
  fixture.host.sleep(5);
  const list = new PollEvents<string>(4);
  const reported: string[] = [];
  for (let round = 0; round < 10 && reported.length < 10; round += 1) {
    const events = poller.wait(100, list);
    expect(events).toBe(list);
    expect(events.length).toBeLessThanOrEqual(4);
    reported.push(...inWords(events));
  }
  expect(reported.sort()).toEqual(pairs.map(({ name }) => `${name} readable`).sort());
});

test('M05 a socket without interests reports no data; after modify one event reports all', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, {}, 'server');
  client.send(bytes(3));
  client.send(bytes(4));
  fixture.expectSilence(poller);
  const { packets } = poller.inspect();
  fixture.expectSilence(poller);
  expect(poller.inspect().packets).toBe(packets);
  poller.modify(server, { readable: true });
  fixture.expectNext(poller, 'server readable');
  fixture.receive(server, 7);
});
