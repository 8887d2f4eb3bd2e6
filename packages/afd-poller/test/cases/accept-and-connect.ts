import { type ListenerSkt, UDSClientAddress, UDSServerAddress, wouldBlock } from 'tofu-sockets';
import { expect } from 'vitest';
import { Cases, type Fixture } from '../fixture.js';

/** Cases about accept and connect. */
export const acceptAndConnect = new Cases();
const test = acceptAndConnect.test.bind(acceptAndConnect);
const onIP = acceptAndConnect.onIP.bind(acceptAndConnect);
const onUnix = acceptAndConnect.onUnix.bind(acceptAndConnect);

/** One client causes one event. The first accept succeeds, and the second returns would-block. */
function acceptOne(fixture: Fixture, listener: ListenerSkt): void {
  const poller = fixture.poller();
  poller.add(listener, { accept: true }, 'listener');
  fixture.expectSilence(poller);
  fixture.clientOf(listener).connect();
  fixture.expectNext(poller, 'listener accept');
  const server = fixture.accept(listener);
  expect(listener.accept()).toBe(wouldBlock);
  expect(server.recv(Buffer.alloc(1))).toBe(wouldBlock);
  fixture.expectSilence(poller);
}

test('A01 one client causes one event; the first accept succeeds, the second would block', (fixture) => {
  acceptOne(fixture, fixture.listener());
});

onIP(
  'A10 one client on ::1 causes one event; the first accept succeeds, the second would block',
  (fixture) => {
    acceptOne(fixture, fixture.listenerOn('::1'));
  },
);

test('A02 accept with an empty backlog returns would-block', (fixture) => {
  expect(fixture.listener().accept()).toBe(wouldBlock);
});

test('A03 a listener with two clients is reported until both are accepted', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  poller.add(listener, { accept: true }, 'listener');
  for (let count = 0; count < 2; count += 1) fixture.clientOf(listener).connect();
  fixture.expectNext(poller, 'listener accept');
  fixture.accept(listener);
  fixture.expectNext(poller, 'listener accept');
  fixture.accept(listener);
  fixture.expectSilence(poller);
});

test('A04 a listener with only an interest in writing reports no client', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  poller.add(listener, { accept: true }, 'listener');
  fixture.clientOf(listener).connect();
  fixture.expectNext(poller, 'listener accept');
  poller.modify(listener, { writable: true });
  fixture.expectSilence(poller);
});

test('A05 a removed listener reports nothing, and can still accept', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  poller.add(listener, { accept: true }, 'listener');
  fixture.expectSilence(poller, 0);
  poller.remove(listener);
  fixture.clientOf(listener).connect();
  fixture.expectSilence(poller);
  fixture.accept(listener);
});

test('A07 closing the listener with a client in its backlog ends that client', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  poller.add(listener, { accept: true }, 'listener');
  const client = fixture.clientOf(listener);
  client.connect();
  fixture.until(() => client.finishConnect());
  poller.add(client, { readable: true }, 'client');
  fixture.expectNext(poller, 'listener accept');
  listener.close();
  listener.close();
  const [word] = fixture.next(poller, 1_500);
  expect(word).toMatch(/^client readable readClosed( reset)?$/);
});

test('A08 closing a registered listener removes it without an event', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  poller.add(listener, { accept: true }, 'listener');
  fixture.expectSilence(poller, 0);
  listener.close();
  fixture.expectSilence(poller);
  expect(poller.inspect().registrations).toBe(0);
});

test('C01 a connect is reported once; data are reported afterwards', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  const client = fixture.clientOf(listener);
  client.connect();
  poller.add(client, { connected: true, readable: true }, 'client');
  fixture.expectNext(poller, 'client connected');
  expect(client.finishConnect()).toBe(true);
  const server = fixture.accept(listener);
  fixture.expectSilence(poller);
  server.close();
  fixture.expectNext(poller, 'client readable readClosed');
});

onIP('C02 a refused connect sets all bits of the interest, and the error', (fixture) => {
  const poller = fixture.poller();
  const client = fixture.keep(fixture.creator.fromAddress(fixture.refusingAddress()));
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
  // The condition stays true for AFD, but the poller must report it only once.
  fixture.expectSilence(poller);
});

onIP('C03 a refused connect is reported if the interest is only in writing', (fixture) => {
  const poller = fixture.poller();
  const client = fixture.keep(fixture.creator.fromAddress(fixture.refusingAddress()));
  client.connect();
  poller.add(client, { writable: true }, 'client');
  fixture.expectNext(poller, 'client writable connectFailed');
  expect(() => client.finishConnect()).toThrowError(/WSAECONNREFUSED/);
});

test('a client that was added before its connect gets a connected event', (fixture) => {
  const poller = fixture.poller();
  const client = fixture.clientOf(fixture.listener());
  poller.add(client, { connected: true, writable: true }, 'client');
  // The poll is submitted now, before the connect.
  fixture.expectSilence(poller, 0);
  client.connect();
  fixture.expectNext(poller, 'client writable connected');
  expect(client.finishConnect()).toBe(true);
});

onUnix(
  'a connect that fails at once makes no event; a second connect of the socket does',
  (fixture) => {
    const poller = fixture.poller();
    const path = fixture.path();
    const client = fixture.keep(fixture.creator.fromAddress(new UDSClientAddress(path)));
    poller.add(client, { connected: true, readable: true }, 'client');
    fixture.expectSilence(poller, 0);
    expect(() => client.connect()).toThrowError(expect.objectContaining({ code: 'ENOENT' }));
    fixture.expectSilence(poller);
    const listener = fixture.keep(fixture.creator.fromAddress(new UDSServerAddress(path)));
    client.connect();
    fixture.expectNext(poller, 'client connected');
    fixture.accept(listener);
  },
);

test('C05 a client reports writable again only after the peer has read, five times in a row', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(client, { writable: true }, 'client');
  for (let round = 0; round < 5; round += 1) {
    fixture.expectNext(poller, 'client writable');
    const sent = fixture.fillUntilSilent(poller, client);
    let received = 0;
    while (received < sent) {
      received += fixture.drain(server);
      fixture.host.sleep(1);
    }
    expect(received).toBe(sent);
  }
});

test('C06 a socket that was never connected reports nothing, and is polled only once', (fixture) => {
  const poller = fixture.poller();
  const client = fixture.clientOf(fixture.listener());
  poller.add(client, { readable: true, writable: true }, 'client');
  fixture.expectSilence(poller);
  expect(poller.inspect()).toMatchObject({ submitted: 1, packets: 0 });
});

test('C07 a hundred connects that are closed at once cause no event afterwards', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  for (let round = 0; round < 100; round += 1) {
    const client = fixture.clientOf(listener);
    client.connect();
    poller.add(client, { connected: true, writable: true }, `client ${round}`);
    if (round % 2 === 0) poller.wait(0, undefined);
    client.close();
    expect(fixture.next(poller, 0)).toEqual([]);
    try {
      const waiting = listener.accept();
      if (waiting !== wouldBlock) waiting.close();
    } catch (error) {
      // According to the documentation, on Windows: the client closed its connection before it was
      // accepted.
      expect(String(error)).toMatch(/WSAECONNRESET/);
    }
  }
  expect(poller.inspect().registrations).toBe(0);
});

test('C10 of more connects than the backlog holds, each one is reported as connected or failed', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  for (let count = 0; count < 12; count += 1) {
    const client = fixture.clientOf(listener);
    client.connect();
    poller.add(client, { connected: true }, `client ${count}`);
  }
  const reported = new Set<string>();
  for (let round = 0; round < 200 && reported.size < 12; round += 1) {
    for (const word of fixture.next(poller, 10))
      reported.add(word.replace(/ (connected|connectF).*/, ''));
    const server = listener.accept();
    if (server !== wouldBlock) fixture.keep(server);
  }
  expect(reported.size).toBe(12);
});
