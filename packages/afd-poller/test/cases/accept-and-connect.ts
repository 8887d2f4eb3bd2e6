import { type ListenerSkt, UDSClientAddress, UDSServerAddress, wouldBlock } from 'tofu-sockets';
import { expect } from 'vitest';
import { Cases, type Scene } from '../scene.js';

/** Accept and connect. */
export const acceptAndConnect = new Cases();
const test = acceptAndConnect.test.bind(acceptAndConnect);
const onIP = acceptAndConnect.onIP.bind(acceptAndConnect);
const onUnix = acceptAndConnect.onUnix.bind(acceptAndConnect);

/** One client is one event, one accept, then would-block. */
function acceptOne(scene: Scene, listener: ListenerSkt): void {
  const poller = scene.poller();
  poller.add(listener, { accept: true }, 'listener');
  scene.expectSilence(poller);
  scene.clientOf(listener).connect();
  scene.expectNext(poller, 'listener accept');
  const server = scene.accept(listener);
  expect(listener.accept()).toBe(wouldBlock);
  expect(server.recv(Buffer.alloc(1))).toBe(wouldBlock);
  scene.expectSilence(poller);
}

test('A01 one client is one event, one accept, then would-block', (scene) => {
  acceptOne(scene, scene.listener());
});

onIP('A10 one client is one event on ::1, one accept, then would-block', (scene) => {
  acceptOne(scene, scene.listenerOn('::1'));
});

test('A02 accept with nobody there is would-block', (scene) => {
  expect(scene.listener().accept()).toBe(wouldBlock);
});

test('A03 two clients: told again until both are accepted', (scene) => {
  const poller = scene.poller();
  const listener = scene.listener();
  poller.add(listener, { accept: true }, 'listener');
  for (let count = 0; count < 2; count += 1) scene.clientOf(listener).connect();
  scene.expectNext(poller, 'listener accept');
  scene.accept(listener);
  scene.expectNext(poller, 'listener accept');
  scene.accept(listener);
  scene.expectSilence(poller);
});

test('A04 a listener with a client that is asked for sending only is silent', (scene) => {
  const poller = scene.poller();
  const listener = scene.listener();
  poller.add(listener, { accept: true }, 'listener');
  scene.clientOf(listener).connect();
  scene.expectNext(poller, 'listener accept');
  poller.modify(listener, { writable: true });
  scene.expectSilence(poller);
});

test('A05 a listener that was removed is silent, and can still accept', (scene) => {
  const poller = scene.poller();
  const listener = scene.listener();
  poller.add(listener, { accept: true }, 'listener');
  scene.expectSilence(poller, 0);
  poller.remove(listener);
  scene.clientOf(listener).connect();
  scene.expectSilence(poller);
  scene.accept(listener);
});

test('A07 closing the listener with a client in its backlog ends that client', (scene) => {
  const poller = scene.poller();
  const listener = scene.listener();
  poller.add(listener, { accept: true }, 'listener');
  const client = scene.clientOf(listener);
  client.connect();
  scene.until(() => client.finishConnect());
  poller.add(client, { readable: true }, 'client');
  scene.expectNext(poller, 'listener accept');
  listener.close();
  listener.close();
  const [word] = scene.next(poller, 1_500);
  expect(word).toMatch(/^client readable readClosed( reset)?$/);
});

test('A08 a listener that is closed while it is registered is gone without a word', (scene) => {
  const poller = scene.poller();
  const listener = scene.listener();
  poller.add(listener, { accept: true }, 'listener');
  scene.expectSilence(poller, 0);
  listener.close();
  scene.expectSilence(poller);
  expect(poller.inspect().registrations).toBe(0);
});

test('C01 a connect is told once; then reading as ever', (scene) => {
  const poller = scene.poller();
  const listener = scene.listener();
  const client = scene.clientOf(listener);
  client.connect();
  poller.add(client, { connected: true, readable: true }, 'client');
  scene.expectNext(poller, 'client connected');
  expect(client.finishConnect()).toBe(true);
  const server = scene.accept(listener);
  scene.expectSilence(poller);
  server.close();
  scene.expectNext(poller, 'client readable readClosed');
});

onIP('C02 a refused connect says everything that was asked for, and why', (scene) => {
  const poller = scene.poller();
  const client = scene.keep(scene.creator.fromAddress(scene.refusingAddress()));
  client.connect();
  poller.add(client, { connected: true, readable: true, writable: true }, 'client');
  const [event] = [...poller.wait(5_000)];
  expect(event).toMatchObject({
    token: 'client',
    isConnectFailed: true,
    isConnected: false,
    isReadable: true,
    isReadClosed: true,
    isWritable: true,
    isReset: false,
    cause: 0xc000_0236,
  });
  expect(() => client.finishConnect()).toThrowError(/WSAECONNREFUSED/);
  // The condition stays true for AFD: told once is enough.
  scene.expectSilence(poller);
});

onIP('C03 a refused connect is told to who asked for sending only', (scene) => {
  const poller = scene.poller();
  const client = scene.keep(scene.creator.fromAddress(scene.refusingAddress()));
  client.connect();
  poller.add(client, { writable: true }, 'client');
  scene.expectNext(poller, 'client writable connectFailed');
  expect(() => client.finishConnect()).toThrowError(/WSAECONNREFUSED/);
});

test('a client that was added before its connect is told of the connection', (scene) => {
  const poller = scene.poller();
  const client = scene.clientOf(scene.listener());
  poller.add(client, { connected: true, writable: true }, 'client');
  // The poll is submitted now, and knows of no connect.
  scene.expectSilence(poller, 0);
  client.connect();
  scene.expectNext(poller, 'client writable connected');
  expect(client.finishConnect()).toBe(true);
});

onUnix('a connect that fails at once is no event; a later one of the same socket is', (scene) => {
  const poller = scene.poller();
  const path = scene.path();
  const client = scene.keep(scene.creator.fromAddress(new UDSClientAddress(path)));
  poller.add(client, { connected: true, readable: true }, 'client');
  scene.expectSilence(poller, 0);
  expect(() => client.connect()).toThrowError(expect.objectContaining({ code: 'ENOENT' }));
  scene.expectSilence(poller);
  const listener = scene.keep(scene.creator.fromAddress(new UDSServerAddress(path)));
  client.connect();
  scene.expectNext(poller, 'client connected');
  scene.accept(listener);
});

test('C05 five rounds of writable, full, drained: no busy loop from CONNECT', (scene) => {
  const poller = scene.poller();
  const { client, server } = scene.pair();
  poller.add(client, { writable: true }, 'client');
  for (let round = 0; round < 5; round += 1) {
    scene.expectNext(poller, 'client writable');
    const sent = scene.fillUntilSilent(poller, client);
    let received = 0;
    while (received < sent) {
      received += scene.drain(server);
      scene.host.sleep(1);
    }
    expect(received).toBe(sent);
  }
});

test('C06 a socket that was never connected is silent, and costs nothing', (scene) => {
  const poller = scene.poller();
  const client = scene.clientOf(scene.listener());
  poller.add(client, { readable: true, writable: true }, 'client');
  scene.expectSilence(poller);
  expect(poller.inspect()).toMatchObject({ submitted: 1, packets: 0 });
});

test('C07 a hundred connects that are closed at once: no event afterwards', (scene) => {
  const poller = scene.poller();
  const listener = scene.listener();
  for (let round = 0; round < 100; round += 1) {
    const client = scene.clientOf(listener);
    client.connect();
    poller.add(client, { connected: true, writable: true }, `client ${round}`);
    if (round % 2 === 0) poller.wait(0, undefined);
    client.close();
    expect(scene.next(poller, 0)).toEqual([]);
    try {
      const waiting = listener.accept();
      if (waiting !== wouldBlock) waiting.close();
    } catch (error) {
      // On Windows, by documentation: a client that gave up while it waited.
      expect(String(error)).toMatch(/WSAECONNRESET/);
    }
  }
  expect(poller.inspect().registrations).toBe(0);
});

test('C10 more connects than the backlog: all of them end, one way or the other', (scene) => {
  const poller = scene.poller();
  const listener = scene.listener();
  for (let count = 0; count < 12; count += 1) {
    const client = scene.clientOf(listener);
    client.connect();
    poller.add(client, { connected: true }, `client ${count}`);
  }
  const told = new Set<string>();
  for (let round = 0; round < 200 && told.size < 12; round += 1) {
    for (const word of scene.next(poller, 10))
      told.add(word.replace(/ (connected|connectF).*/, ''));
    const server = listener.accept();
    if (server !== wouldBlock) scene.keep(server);
  }
  expect(told.size).toBe(12);
});
