import {
  AFD_POLL_ABORT,
  AFD_POLL_DISCONNECT,
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
} from 'ntdllx';
import { everything, RawPoller } from 'ntdllx/raw-poll';
import { expectAs } from 'test-kit';
import { wouldBlock } from 'tofu-sockets';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  closeAll,
  connectPair,
  connectTo,
  eventually,
  keep,
  listen,
  outcome,
  pause,
  receiveAll,
  received,
} from './sockets.js';

// How connections end, as a raw poll and the socket's own calls tell it.

let poller: RawPoller;

beforeEach(() => {
  poller = new RawPoller();
});

afterEach(() => {
  poller.close();
  closeAll();
});

const oneByte = () => new Uint8Array(1);
/** What a registration without any interest asks for all the same. */
const hangUps = AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE;

/** The peer ends the connection hard. */
async function reset() {
  const { client, server } = await connectPair();
  client.abortOnClose();
  client.close();
  await poller.events(server, AFD_POLL_ABORT, 1_000);
  return server;
}

describe('FIN and half a close', () => {
  test('H02 FIN behind unread data: DISCONNECT at once, or when the data is read', async () => {
    const { client, server } = await connectPair();
    client.send(Buffer.from('x'));
    client.shutdown('send');
    expect(await poller.events(server, AFD_POLL_RECEIVE, 1_000)).toBe(AFD_POLL_RECEIVE);
    const before = await poller.events(server, AFD_POLL_DISCONNECT);
    expect([0, AFD_POLL_DISCONNECT]).toContain(before);
    expectAs({ disconnectBehindData: before === 0 ? 'silent' : 'reported' });
    server.recv(oneByte());
    expect(await poller.events(server, AFD_POLL_DISCONNECT, 1_000)).toBe(AFD_POLL_DISCONNECT);
  });

  test('H06 two clean FINs are no ABORT', async () => {
    const { client, server } = await connectPair();
    client.shutdown('send');
    expect((await receiveAll(server)).length).toBe(0);
    server.close();
    expect(await poller.events(client, AFD_POLL_DISCONNECT, 1_000)).toBe(AFD_POLL_DISCONNECT);
    expect(await poller.events(client, hangUps)).toBe(0);
    expect(client.recv(oneByte())).toBe(0);
  });

  test('H06 own FIN, and a peer that closes with unread data: ABORT', async () => {
    const { client, server } = await connectPair();
    client.send(Buffer.from('unread'));
    client.shutdown('send');
    await poller.events(server, AFD_POLL_RECEIVE, 1_000);
    server.close();
    expect(await poller.events(client, hangUps, 1_000)).toBe(AFD_POLL_ABORT);
  });

  test('H08 sending after own end, and after the end of the other side, fails by name', async () => {
    const { client, server } = await connectPair();
    client.shutdown('send');
    expect(outcome(() => client.send(Buffer.from('x')))).toBe('WSAESHUTDOWN');
    expect((await receiveAll(server)).length).toBe(0);
    // The other direction is open: no error there.
    expect(server.send(Buffer.from('x'))).toBe(1);
    client.close();
    const sending = eventually(() => {
      server.send(Buffer.from('x'));
      return wouldBlock;
    });
    await expect(sending).rejects.toMatchObject({ wsaName: /^WSAECONN(RESET|ABORTED)$/ });
    expect(server.isOpen).toBe(true);
  });
});

describe('RST', () => {
  test('X01 recv after a reset: the error, or under Wine 8 the end; never would-block', async () => {
    const server = await reset();
    expectAs({ recvAfterReset: received(() => server.recv(oneByte())) });
    expect([0, 'WSAECONNRESET', 'WSAECONNABORTED']).toContain(
      outcome(() => server.recv(oneByte())),
    );
  });

  test('X02 two peers reset their connections: each is told, the listener goes on', async () => {
    const listener = listen();
    for (let count = 0; count < 2; count += 1) {
      const client = connectTo(listener);
      const accepted = keep(await eventually(() => listener.accept()));
      client.abortOnClose();
      client.close();
      expect(await poller.events(accepted, AFD_POLL_ABORT, 1_000)).toBe(AFD_POLL_ABORT);
      accepted.close();
    }
    connectTo(listener);
    keep(await eventually(() => listener.accept()));
  });

  test('X06 data, then a reset, both unread: told at once, and recv never hangs', async () => {
    const { client, server } = await connectPair();
    client.send(Buffer.from('data'));
    client.abortOnClose();
    client.close();
    await pause(20);
    expect(await poller.events(server, everything, 1_000)).not.toBe(0);
    const into = new Uint8Array(8);
    expectAs({ recvAfterResetBehindData: received(() => server.recv(into)) });
    const next = outcome(() => server.recv(new Uint8Array(8)));
    expect([0, 'WSAECONNRESET', 'WSAECONNABORTED']).toContain(next);
  });
});
