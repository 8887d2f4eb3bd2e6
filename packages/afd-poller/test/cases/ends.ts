import type { Interest } from 'afd-poller';
import type { WsaError } from 'ntdllx';
import { wouldBlock } from 'tofu-sockets';
import { expect } from 'vitest';
import { Cases, inWords } from '../scene.js';

/** Half close, reset, and closing while polled. */
export const ends = new Cases();
const test = ends.test.bind(ends);
const onIP = ends.onIP.bind(ends);

const bytes = (count: number) => Buffer.alloc(count, 0x61);

test('H01 FIN without data: readable and read-closed, and so it stays', (scene) => {
  const poller = scene.poller();
  const { client, server } = scene.pair();
  poller.add(server, { readable: true }, 'server');
  client.shutdown('send');
  for (let round = 0; round < 3; round += 1) {
    scene.expectNext(poller, 'server readable readClosed');
    expect(server.recv(Buffer.alloc(1))).toBe(0);
  }
});

test('H02 data and FIN, unread: the end is told at once, or once the data were read', (scene) => {
  const poller = scene.poller();
  const { client, server } = scene.pair();
  poller.add(server, { readClosed: true }, 'server');
  client.send(bytes(3));
  client.shutdown('send');
  scene.until(() => (server.recv(Buffer.alloc(3), { peek: true }) === 3 ? true : wouldBlock));
  const atOnce = inWords(poller.wait(100));
  scene.expectRows({ disconnectBehindData: atOnce.length === 0 ? 'silent' : 'reported' });
  if (atOnce.length > 0) expect(atOnce).toEqual(['server readClosed']);
  scene.until(() => server.recv(bytes(3)));
  scene.expectNext(poller, 'server readClosed');
});

test('H02 the end is told once the data before it were read', (scene) => {
  const poller = scene.poller();
  const { client, server } = scene.pair();
  client.send(bytes(3));
  client.shutdown('send');
  scene.until(() => server.recv(Buffer.alloc(8)));
  poller.add(server, { readClosed: true }, 'server');
  scene.expectNext(poller, 'server readClosed');
});

test('H04 own shutdown of sending: no event, and reading goes on', (scene) => {
  const poller = scene.poller();
  const { client, server } = scene.pair();
  poller.add(client, { readable: true }, 'client');
  scene.expectSilence(poller, 0);
  client.shutdown('send');
  scene.expectSilence(poller);
  expect(() => client.send(bytes(1))).toThrowError(/WSAESHUTDOWN|WSAECONNABORTED/);
  server.send(bytes(2));
  scene.expectNext(poller, 'client readable');
  scene.receive(client, 2);
});

onIP('H05 own shutdown of receiving: no event', (scene) => {
  const poller = scene.poller();
  const { client } = scene.pair();
  poller.add(client, { readable: true }, 'client');
  scene.expectSilence(poller, 0);
  client.shutdown('receive');
  scene.expectSilence(poller);
});

test('H06 two clean ends are no reset, for who asked for nothing', (scene) => {
  const poller = scene.poller();
  const { client, server } = scene.pair();
  poller.add(client, {}, 'client');
  client.shutdown('send');
  server.shutdown('send');
  scene.expectSilence(poller);
});

test('X01 a reset is told once, and then there is silence', (scene) => {
  const poller = scene.poller();
  const { client, server } = scene.pair();
  poller.add(server, { readable: true }, 'server');
  scene.reset(client, server);
  scene.expectNext(poller, 'server readable readClosed reset');
  scene.expectSilence(poller);
  expect(poller.inspect().pending).toBe(0);
  // Renewed, it is told again: it is still true.
  poller.modify(server, { readable: true });
  scene.expectNext(poller, 'server readable readClosed reset');
});

test('X02 two peers reset: each is told, the third connection lives', (scene) => {
  const poller = scene.poller();
  const pairs = ['a', 'b', 'c'].map((name) => ({ name, ...scene.pair() }));
  for (const { name, server } of pairs) poller.add(server, { readable: true }, name);
  for (const { client, server } of pairs.slice(0, 2)) scene.reset(client, server);
  const told: string[] = [];
  while (told.length < 2) told.push(...scene.next(poller));
  expect(told.sort()).toEqual(['a readable readClosed reset', 'b readable readClosed reset']);
  pairs[2]?.client.send(bytes(1));
  scene.expectNext(poller, 'c readable');
});

test('X03 a reset is told to who asked for nothing', (scene) => {
  const poller = scene.poller();
  const { client, server } = scene.pair();
  poller.add(server, {}, 'server');
  scene.expectSilence(poller, 0);
  scene.reset(client, server);
  scene.expectNext(poller, 'server reset');
});

test('X05 a peer that closes with unread data resets', (scene) => {
  const poller = scene.poller();
  const { client, server } = scene.pair();
  client.send(bytes(10));
  scene.until(() => server.recv(Buffer.alloc(1), { peek: true }));
  poller.add(client, { readable: true }, 'client');
  server.close();
  scene.expectNext(poller, 'client readable readClosed reset');
});

onIP('X06 data, then a reset: an event, and a receive that does not hang', (scene) => {
  const poller = scene.poller();
  const { client, server } = scene.pair();
  client.send(bytes(10));
  scene.until(() => server.recv(Buffer.alloc(1), { peek: true }));
  scene.reset(client, server);
  poller.add(server, { readable: true }, 'server');
  const [word] = scene.next(poller);
  expect(word).toMatch(/^server readable/);
  let received = 'the end';
  try {
    const count = server.recv(Buffer.alloc(16));
    expect(count).not.toBe(wouldBlock);
    if (count !== 0) received = 'the data';
  } catch (error) {
    received = (error as Partial<WsaError>).wsaName ?? String(error);
  }
  scene.expectRows({ recvAfterResetBehindData: received });
});

test('Z01 sockets that are closed while registered: no event, and then they are unknown', (scene) => {
  const poller = scene.poller();
  const interests = [
    { readable: true },
    { writable: true },
    { readable: true, mode: 'oneshot' },
    {},
  ];
  const sockets = interests.map((interest, index) => {
    const { server } = scene.pair();
    poller.add(server, interest as Interest, `${index}`);
    return server;
  });
  poller.wait(20);
  for (const server of sockets) server.close();
  scene.expectSilence(poller);
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

test('Z01 a socket whose handle value is given out again at once', (scene) => {
  const poller = scene.poller();
  for (let round = 0; round < 20; round += 1) {
    const old = scene.pair();
    poller.add(old.server, { readable: true }, 'old');
    if (round % 2 === 0) scene.expectSilence(poller, 0);
    old.client.send(bytes(1));
    old.server.close();
    const young = scene.pair();
    poller.add(young.server, { readable: true }, 'young');
    young.client.send(bytes(1));
    scene.expectNext(poller, 'young readable');
    poller.remove(young.server);
  }
});

test('Z04 64 sockets that were never connected, polled, then closed', (scene) => {
  const poller = scene.poller();
  const listener = scene.listener();
  const sockets = Array.from({ length: 64 }, () => scene.clientOf(listener));
  for (const [index, skt] of sockets.entries()) poller.add(skt, { writable: true }, `${index}`);
  scene.expectSilence(poller, 20);
  expect(poller.inspect().pending).toBe(64);
  for (const skt of sockets) skt.close();
  scene.expectSilence(poller, 20);
  expect(poller.inspect()).toMatchObject({ registrations: 0, pending: 0 });
});

test('Z06 a local close is told to who asked for it, once', (scene) => {
  const poller = scene.poller();
  const { server } = scene.pair();
  poller.add(server, { readable: true, localClosed: true }, 'server');
  scene.expectSilence(poller, 0);
  server.close();
  scene.expectNext(poller, 'server localClosed');
  scene.expectSilence(poller);
});
