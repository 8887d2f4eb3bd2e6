import type { Interest } from 'afd-poller';
import type { WsaError } from 'ntdllx';
import { wouldBlock } from 'tofu-sockets';
import { expect } from 'vitest';
import { Cases, inWords } from '../fixture.js';

/** Cases about half close, reset, and closing a socket while it is polled. */
export const ends = new Cases();
const test = ends.test.bind(ends);
const onIP = ends.onIP.bind(ends);

const bytes = (count: number) => Buffer.alloc(count, 0x61);

test('H01 a FIN without data is reported as readable and readClosed, in every wait', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true }, 'server');
  client.shutdown('send');
  for (let round = 0; round < 3; round += 1) {
    fixture.expectNext(poller, 'server readable readClosed');
    expect(server.recv(Buffer.alloc(1))).toBe(0);
  }
});

test('H02 a FIN behind unread data is reported at once, or after the data were read', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readClosed: true }, 'server');
  client.send(bytes(3));
  client.shutdown('send');
  fixture.until(() => (server.recv(Buffer.alloc(3), { peek: true }) === 3 ? true : wouldBlock));
  const atOnce = inWords(poller.wait(100));
  fixture.expectRows({ disconnectBehindData: atOnce.length === 0 ? 'silent' : 'reported' });
  if (atOnce.length > 0) expect(atOnce).toEqual(['server readClosed']);
  fixture.until(() => server.recv(bytes(3)));
  fixture.expectNext(poller, 'server readClosed');
});

test('H02 the end is reported once the data before it were read', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  client.send(bytes(3));
  client.shutdown('send');
  fixture.until(() => server.recv(Buffer.alloc(8)));
  poller.add(server, { readClosed: true }, 'server');
  fixture.expectNext(poller, 'server readClosed');
});

test('H04 shutdown of sending causes no event, and the socket still receives', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(client, { readable: true }, 'client');
  fixture.expectSilence(poller, 0);
  client.shutdown('send');
  fixture.expectSilence(poller);
  expect(() => client.send(bytes(1))).toThrowError(/WSAESHUTDOWN|WSAECONNABORTED/);
  server.send(bytes(2));
  fixture.expectNext(poller, 'client readable');
  fixture.receive(client, 2);
});

onIP('H05 shutdown of receiving causes no event', (fixture) => {
  const poller = fixture.poller();
  const { client } = fixture.pair();
  poller.add(client, { readable: true }, 'client');
  fixture.expectSilence(poller, 0);
  client.shutdown('receive');
  fixture.expectSilence(poller);
});

test('H06 two clean ends are not reported as a reset if there is no interest', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(client, {}, 'client');
  client.shutdown('send');
  server.shutdown('send');
  fixture.expectSilence(poller);
});

test('X01 a reset is reported once, with no event afterwards', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, { readable: true }, 'server');
  fixture.reset(client, server);
  fixture.expectNext(poller, 'server readable readClosed reset');
  fixture.expectSilence(poller);
  expect(poller.inspect().pending).toBe(0);
  // After `modify` it is reported again, because it still holds.
  poller.modify(server, { readable: true });
  fixture.expectNext(poller, 'server readable readClosed reset');
});

test('X02 the resets of two peers are reported, and the third connection lives', (fixture) => {
  const poller = fixture.poller();
  const pairs = ['a', 'b', 'c'].map((name) => ({ name, ...fixture.pair() }));
  for (const { name, server } of pairs) poller.add(server, { readable: true }, name);
  for (const { client, server } of pairs.slice(0, 2)) fixture.reset(client, server);
  const reported: string[] = [];
  while (reported.length < 2) reported.push(...fixture.next(poller));
  expect(reported.sort()).toEqual(['a readable readClosed reset', 'b readable readClosed reset']);
  pairs[2]?.client.send(bytes(1));
  fixture.expectNext(poller, 'c readable');
});

test('X03 a reset is reported even if no interest bit is set', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(server, {}, 'server');
  fixture.expectSilence(poller, 0);
  fixture.reset(client, server);
  fixture.expectNext(poller, 'server reset');
});

test('X05 a peer that closes with unread data resets the connection', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  client.send(bytes(10));
  fixture.until(() => server.recv(Buffer.alloc(1), { peek: true }));
  poller.add(client, { readable: true }, 'client');
  server.close();
  fixture.expectNext(poller, 'client readable readClosed reset');
});

onIP('X06 a reset behind unread data is reported, and the receive does not block', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  client.send(bytes(10));
  fixture.until(() => server.recv(Buffer.alloc(1), { peek: true }));
  fixture.reset(client, server);
  poller.add(server, { readable: true }, 'server');
  const [word] = fixture.next(poller);
  expect(word).toMatch(/^server readable/);
  let received = 'the end';
  try {
    const count = server.recv(Buffer.alloc(16));
    expect(count).not.toBe(wouldBlock);
    if (count !== 0) received = 'the data';
  } catch (error) {
    received = (error as Partial<WsaError>).wsaName ?? String(error);
  }
  fixture.expectRows({ recvAfterResetBehindData: received });
});

test('Z01 a registered socket that is closed makes no event and is no longer registered', (fixture) => {
  const poller = fixture.poller();
  const interests = [
    { readable: true },
    { writable: true },
    { readable: true, mode: 'oneshot' },
    {},
  ];
  const sockets = interests.map((interest, index) => {
    const { server } = fixture.pair();
    poller.add(server, interest as Interest, `${index}`);
    return server;
  });
  poller.wait(20);
  for (const server of sockets) server.close();
  fixture.expectSilence(poller);
  for (const server of sockets) {
    expect(() => poller.modify(server, {})).toThrowError(
      expect.objectContaining({ code: 'ERR_NOT_REGISTERED' }),
    );
    expect(() => poller.remove(server)).toThrowError(
      expect.objectContaining({ code: 'ERR_NOT_REGISTERED' }),
    );
  }
  expect(poller.inspect()).toMatchObject({ registrations: 0, pending: 0 });
});

test('Z01 a new socket with the handle value of a closed one reports its own data', (fixture) => {
  const poller = fixture.poller();
  for (let round = 0; round < 20; round += 1) {
    const old = fixture.pair();
    poller.add(old.server, { readable: true }, 'old');
    if (round % 2 === 0) fixture.expectSilence(poller, 0);
    old.client.send(bytes(1));
    old.server.close();
    const young = fixture.pair();
    poller.add(young.server, { readable: true }, 'young');
    young.client.send(bytes(1));
    fixture.expectNext(poller, 'young readable');
    poller.remove(young.server);
  }
});

test('Z04 64 polled sockets that were never connected are closed without an event', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  const sockets = Array.from({ length: 64 }, () => fixture.clientOf(listener));
  for (const [index, skt] of sockets.entries()) poller.add(skt, { writable: true }, `${index}`);
  fixture.expectSilence(poller, 20);
  expect(poller.inspect().pending).toBe(64);
  for (const skt of sockets) skt.close();
  fixture.expectSilence(poller, 20);
  expect(poller.inspect()).toMatchObject({ registrations: 0, pending: 0 });
});

test('Z06 a local close is reported once, if there is an interest in it', (fixture) => {
  const poller = fixture.poller();
  const { server } = fixture.pair();
  poller.add(server, { readable: true, localClosed: true }, 'server');
  fixture.expectSilence(poller, 0);
  server.close();
  fixture.expectNext(poller, 'server localClosed');
  fixture.expectSilence(poller);
});
