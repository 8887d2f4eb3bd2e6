import { everything, RawPoller } from 'nt-afd/raw-poll';
import {
  AFD_POLL_ABORT,
  AFD_POLL_ACCEPT,
  AFD_POLL_CONNECT,
  AFD_POLL_CONNECT_FAIL,
  AFD_POLL_DISCONNECT,
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
  AFD_POLL_SEND,
} from 'ntdllx';
import { expectAs } from 'test-kit';
import { type ClientSkt, TCPClientAddress, TCPServerAddress, wouldBlock } from 'tofu-sockets';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  closeAll,
  connectPair,
  connectTo,
  creator,
  eventually,
  keep,
  listen,
  outcome,
  pause,
  received,
} from './sockets.js';

let poller: RawPoller;

beforeEach(() => {
  poller = new RawPoller();
});

afterEach(() => {
  poller.close();
  closeAll();
});

/** The bits that the engine always adds to a poll's mask. */
const endings = AFD_POLL_DISCONNECT | AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE | AFD_POLL_CONNECT_FAIL;

describe('accept', () => {
  test('A04 a listener with a waiting client is never reported as writable', async () => {
    const listener = listen();
    connectTo(listener);
    expect(await poller.events(listener, AFD_POLL_ACCEPT, 1_000)).toBe(AFD_POLL_ACCEPT);
    expect(await poller.events(listener, AFD_POLL_SEND | endings)).toBe(0);
  });

  test('A05 after the poll was cancelled no client is reported; accept still works', async () => {
    const listener = listen();
    const { poll } = poller.arm(listener, AFD_POLL_ACCEPT);
    poller.cancel(poll);
    expect(poller.next(1_000)).toMatchObject({ poll, status: 'STATUS_CANCELLED' });
    connectTo(listener);
    const accepted = keep(await eventually(() => listener.accept()));
    expect(accepted.kind).toBe('accepted');
    expect(poller.next(100)).toBeUndefined();
  });

  test('A07 closing a listener ends the client that waits within 1.5 s', async () => {
    const listener = listen();
    const client = connectTo(listener);
    await eventually(() => client.finishConnect());
    const { poll } = poller.arm(listener, AFD_POLL_RECEIVE);
    listener.close();
    listener.close();
    // The poll has one packet, and it does not report an accept.
    expect(poller.next(1_000)?.poll).toBe(poll);
    expect(poll.reported.map(({ events }) => events)).toEqual([AFD_POLL_LOCAL_CLOSE]);
    const events = await poller.events(client, endings, 1_500);
    expect(events & (AFD_POLL_ABORT | AFD_POLL_DISCONNECT)).not.toBe(0);
    expect(poller.next(50)).toBeUndefined();
  });

  test('A08 closing a polled listener reports LOCAL_CLOSE and does not throw', () => {
    const listener = listen();
    const { poll } = poller.arm(listener, AFD_POLL_ACCEPT | endings);
    listener.close();
    expect(poller.next(1_000)?.poll).toBe(poll);
    expect(poll.reported.map(({ events }) => events)).toEqual([AFD_POLL_LOCAL_CLOSE]);
    expect(poller.next(50)).toBeUndefined();
  });
});

describe('connect', () => {
  test('C01 after a connect the first event is SEND, and the FIN of the peer comes later', async () => {
    const listener = listen();
    const client = connectTo(listener);
    const mask = AFD_POLL_RECEIVE | AFD_POLL_SEND | endings;
    expect(await poller.events(client, mask, 1_000)).toBe(AFD_POLL_SEND);
    expect(client.finishConnect()).toBe(true);
    expect(await poller.events(client, AFD_POLL_RECEIVE | endings)).toBe(0);
    keep(await eventually(() => listener.accept())).close();
    const events = await poller.events(client, AFD_POLL_RECEIVE | endings, 1_000);
    expect(events & AFD_POLL_DISCONNECT).toBe(AFD_POLL_DISCONNECT);
    expect(client.recv(new Uint8Array(1))).toBe(0);
  });

  test('C03 a refused connect completes a poll for CONNECT_FAIL, not one for SEND alone', {
    timeout: 20_000,
  }, async () => {
    const address = new TCPClientAddress('127.0.0.1', creator.findFreeTcpPort());
    const client = keep(creator.fromAddress(address));
    client.connect();
    // On Windows a refusal takes 2 s, by reports of others (unverified).
    const mask = AFD_POLL_SEND | AFD_POLL_CONNECT_FAIL;
    expect(await poller.events(client, mask, 6_000)).toBe(AFD_POLL_CONNECT_FAIL);
    expect(await poller.events(client, AFD_POLL_SEND)).toBe(0);
    // Each call throws the error, because the socket keeps it; Winsock may forget it.
    for (let count = 0; count < 3; count += 1) {
      expect(() => client.finishConnect()).toThrowError(
        expect.objectContaining({ call: 'connect', wsaName: 'WSAECONNREFUSED' }),
      );
    }
  });

  test('C07 each of 100 connects that are closed at once has exactly one packet', () => {
    const listener = listen();
    for (let count = 0; count < 100; count += 1) {
      const client = connectTo(listener);
      const { poll } = poller.arm(client, AFD_POLL_RECEIVE | endings);
      client.close();
      const packet = poller.next(1_000);
      expect(packet).toMatchObject({ poll, status: 'STATUS_SUCCESS' });
      expect(poll.reported[0]?.events).toBe(AFD_POLL_LOCAL_CLOSE);
      poller.end(poll);
      expect(() => client.send(Buffer.from('x'))).toThrowError(
        expect.objectContaining({ code: 'ERR_SKT_CLOSED' }),
      );
    }
    expect(poller.next(100)).toBeUndefined();
  });

  test('C08 the endpoints of a client are an error before the connect and after close', async () => {
    const listener = listen();
    const { host, port } = listener.localEndpoint();
    const client = keep(creator.fromAddress(new TCPClientAddress(host, port)));
    expect(() => client.localEndpoint()).toThrowError(
      expect.objectContaining({ call: 'getsockname', wsaName: 'WSAEINVAL' }),
    );
    expect(() => client.peerEndpoint()).toThrowError(
      expect.objectContaining({ call: 'getpeername', wsaName: 'WSAENOTCONN' }),
    );
    client.connect();
    await eventually(() => client.finishConnect());
    expect(client.peerEndpoint()).toEqual({ host, port });
    const accepted = keep(await eventually(() => listener.accept()));
    expect(accepted.peerEndpoint()).toEqual(client.localEndpoint());
    client.close();
    expect(() => client.peerEndpoint()).toThrowError(
      expect.objectContaining({ code: 'ERR_SKT_CLOSED' }),
    );
  });

  test('C09 a client with a local port that is in use is refused, and not connected', () => {
    const listener = listen();
    const local = listener.localEndpoint();
    const address = new TCPClientAddress('127.0.0.1', local.port);
    expect(() => creator.fromAddress(address, { local })).toThrowError(
      expect.objectContaining({ call: 'bind', wsaName: 'WSAEADDRINUSE' }),
    );
    expect(listener.accept()).toBe(wouldBlock);
  });

  test('a client with a local endpoint connects from that endpoint', async () => {
    const listener = listen();
    const { host, port } = listener.localEndpoint();
    const client = keep(
      creator.fromAddress(new TCPClientAddress(host, port), { local: { host, port: 0 } }),
    );
    const local = client.localEndpoint();
    client.connect();
    const accepted = keep(await eventually(() => listener.accept()));
    expect(accepted.peerEndpoint()).toEqual(local);
  });

  test('the second connect is refused without a call of Winsock, and the first continues', async () => {
    const listener = listen();
    const client = connectTo(listener);
    const again = expect.objectContaining({ code: 'ERR_SKT_STATE' });
    expect(() => client.connect()).toThrowError(again);
    await eventually(() => client.finishConnect());
    expect(() => client.connect()).toThrowError(again);
    expect(client.finishConnect()).toBe(true);
  });

  test('C10 with a backlog of one, clients that wait for room have no event', async () => {
    const listener = keep(creator.fromAddress(new TCPServerAddress(), { backlog: 1 }));
    const { host, port } = listener.localEndpoint();
    const clients = Array.from({ length: 12 }, () =>
      keep(creator.fromAddress(new TCPClientAddress(host, port))),
    );
    for (const client of clients) client.connect();
    await pause(100);
    const answer = (client: ClientSkt) => outcome(() => client.finishConnect());
    const waiting = clients.filter((client) => answer(client) === wouldBlock);
    const connected = clients.filter((client) => answer(client) === true);
    const last = answer(clients.at(-1) as ClientSkt);
    const words = new Map<unknown, string>([
      [wouldBlock, 'under way'],
      [true, 'connected'],
    ]);
    expectAs({ connectBeyondBacklog: words.get(last) ?? String(last) });
    // The backlog of Linux has room for one client more than its size says.
    expect(connected.length).toBeGreaterThanOrEqual(1);
    expect([0, 10, 11]).toContain(clients.length - connected.length);
    for (const client of waiting) expect(await poller.events(client, everything, 10)).toBe(0);
    for (const _each of connected) keep(await eventually(() => listener.accept()));
    if (waiting.length === 0) return;
    // There is room again, so the system retries one of the waiting connects, within about a
    // second.
    keep(await eventually(() => listener.accept()));
    const later = waiting.filter((client) => answer(client) === true);
    expect(later.length).toBeGreaterThanOrEqual(1);
    const mask = AFD_POLL_SEND | AFD_POLL_CONNECT;
    for (const client of later) expect(await poller.events(client, everything)).toBe(mask);
  });
});

test('finishConnect returns the same result again, also after the connection was reset', async () => {
  const { client, server } = await connectPair();
  server.abortOnClose();
  server.close();
  await pause(50);
  // Winsock itself no longer knows that the connect succeeded.
  expectAs({ recvAfterReset: received(() => client.recv(new Uint8Array(1))) });
  expect(client.finishConnect()).toBe(true);
});

describe('finishConnect after the connection has ended', () => {
  const reset = expect.objectContaining({ call: 'connect', wsaName: 'WSAECONNRESET' });
  const begin = async () => {
    const listener = listen();
    const client = connectTo(listener);
    return { listener, client, server: keep(await eventually(() => listener.accept())) };
  };

  test('throws each time if the peer reset the connection, and never returns would-block', async () => {
    const { client, server } = await begin();
    server.abortOnClose();
    server.close();
    await poller.events(client, AFD_POLL_ABORT, 1_000);
    for (let count = 0; count < 3; count += 1) {
      expect(() => client.finishConnect()).toThrowError(reset);
    }
  });

  test('throws the same error if the listener closed without accepting', async () => {
    const listener = listen();
    const client = connectTo(listener);
    await pause(20);
    listener.close();
    await poller.events(client, AFD_POLL_ABORT, 1_000);
    expect(() => client.finishConnect()).toThrowError(reset);
  });

  test('returns true after a reset behind data if recv still returns the data', async () => {
    const { client, server } = await begin();
    server.send(Buffer.from('x'));
    server.abortOnClose();
    server.close();
    await poller.events(client, AFD_POLL_ABORT, 1_000);
    const ended = outcome(() => client.finishConnect());
    const first = received(() => client.recv(new Uint8Array(2)));
    expectAs({ recvAfterResetBehindData: first });
    expect(ended).toBe(first === 'the data' ? true : first);
  });

  test('returns true after a FIN of the peer', async () => {
    const { client, server } = await begin();
    server.close();
    await poller.events(client, AFD_POLL_DISCONNECT, 1_000);
    expect(client.finishConnect()).toBe(true);
    expect(client.recv(new Uint8Array(1))).toBe(0);
  });
});
