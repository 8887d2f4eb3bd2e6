import { createServer } from 'node:net';
import { everything, RawPoller } from 'nt-afd/raw-poll';
import {
  AFD_POLL_ABORT,
  AFD_POLL_DISCONNECT,
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
  WsaError,
} from 'ntdllx';
import { expectAs } from 'test-kit';
import {
  type ClientSkt,
  type DatagramSkt,
  type ListenerSkt,
  TCPClientAddress,
  TCPServerAddress,
  wouldBlock,
} from 'tofu-sockets';
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
  receiveAll,
  received,
} from './sockets.js';

// Data on a connection, and the end of a connection, as the socket's calls and a raw poll

afterEach(closeAll);

test('R06 recv returns would-block without data, and 0 at the end of the stream', async () => {
  const { client, server } = await connectPair();
  const buffer = new Uint8Array(8);
  expect(server.recv(buffer)).toBe(wouldBlock);
  client.shutdown('send');
  expect(await eventually(() => server.recv(buffer))).toBe(0);
  expect(server.recv(buffer)).toBe(0);
});

test('B06 a byte 0xAB is sent and returned 1,000 times', async () => {
  const { client, server } = await connectPair();
  const sent = Buffer.alloc(1_000, 0xab);
  expect(client.send(sent)).toBe(1_000);
  const buffer = Buffer.alloc(2_000);
  expect(await eventually(() => server.recv(buffer))).toBe(1_000);
  expect(server.send(buffer.subarray(0, 1_000))).toBe(1_000);
  server.shutdown('send');
  expect(await receiveAll(client)).toEqual(sent);
});

test('E03 all 256 values of a byte arrive, also in a part of a buffer', async () => {
  const { client, server } = await connectPair();
  const all = Uint8Array.from({ length: 256 }, (_, value) => value);
  client.send(all);
  const buffer = new Uint8Array(300).fill(7);
  expect(await eventually(() => server.recv(buffer.subarray(20, 280)))).toBe(256);
  expect([...buffer.subarray(20, 276)]).toEqual([...all]);
  expect([...buffer.subarray(0, 20), ...buffer.subarray(276)].every((byte) => byte === 7)).toBe(
    true,
  );
});

test('R04 peek does not remove the data', async () => {
  const { client, server } = await connectPair();
  client.send(Buffer.from('hello'));
  const buffer = Buffer.alloc(8);
  for (const flags of [{ peek: true }, { peek: true }, {}]) {
    expect(await eventually(() => server.recv(buffer, flags))).toBe(5);
    expect(buffer.toString('latin1', 0, 5)).toBe('hello');
  }
  expect(server.recv(buffer, { peek: true })).toBe(wouldBlock);
});

test('R07 an urgent byte is received separately from the data', async () => {
  const { client, server } = await connectPair();
  client.send(Buffer.from('!'), { oob: true });
  const buffer = Buffer.alloc(8);
  expect(await eventually(() => server.recv(buffer, { oob: true }))).toBe(1);
  expect(buffer.toString('latin1', 0, 1)).toBe('!');
  expect(server.recv(buffer)).toBe(wouldBlock);
});

test('with oobInline an urgent byte is received in line with the data', async () => {
  const { client, server } = await connectPair();
  const buffer = Buffer.alloc(8);
  server.setOption('oobInline', true);
  client.send(Buffer.from('?'), { oob: true });
  expect(await eventually(() => server.recv(buffer))).toBe(1);
  expect(buffer.toString('latin1', 0, 1)).toBe('?');
});

test('W02 send returns would-block when the buffer is full; no accepted byte is lost', async () => {
  const { client, server } = await connectPair();
  const chunk = Buffer.alloc(2_000_000, 0x5a);
  let taken = 0;
  // A call takes 1 MiB at most, however large the buffer is.
  for (;;) {
    const sent = client.send(chunk);
    if (sent === wouldBlock) break;
    expect(sent).toBeLessThanOrEqual(1_048_576);
    taken += sent;
    expect(taken).toBeLessThan(100_000_000);
  }
  const received = receiveAll(server);
  const more = await eventually(() => client.send(Buffer.from('end')));
  client.shutdown('send');
  const all = await received;
  expect(all.length).toBe(taken + more);
  expect(all.subarray(0, taken).every((byte) => byte === 0x5a)).toBe(true);
  expect(all.subarray(taken).toString()).toBe('end'.slice(0, more));
});

test('W04 data that were sent before close arrive', async () => {
  const { client, server } = await connectPair();
  client.send(Buffer.from('last'));
  client.close();
  expect((await receiveAll(server)).toString()).toBe('last');
});

test('abortOnClose resets the connection of this socket, and of no other', async () => {
  const { client, server } = await connectPair();
  client.abortOnClose();
  client.close();
  // By documentation recv fails with WSAECONNRESET; under Wine 8 it returns 0. Sending fails.
  const sending = eventually(() => {
    server.send(Buffer.from('x'));
    return wouldBlock;
  });
  await expect(sending).rejects.toMatchObject({ wsaName: /^WSAECONN(RESET|ABORTED)$/ });
});

test('after a shutdown of one direction the other one still works', async () => {
  const { client, server } = await connectPair();
  client.send(Buffer.from('question'));
  client.shutdown('send');
  expect((await receiveAll(server)).toString()).toBe('question');
  server.send(Buffer.from('answer'));
  server.close();
  expect((await receiveAll(client)).toString()).toBe('answer');
  expect(() => client.send(Buffer.from('x'))).toThrowError(
    expect.objectContaining({ wsaName: 'WSAESHUTDOWN' }),
  );
});

describe('finishConnect', () => {
  test('throws the failure of the connect without connecting again', async () => {
    const listener = keep(creator.fromAddress(new TCPServerAddress()));
    const { port } = listener.localEndpoint();
    const client = keep(creator.fromAddress(new TCPClientAddress('127.0.0.1', port)));
    expect(() => client.finishConnect()).toThrowError(
      expect.objectContaining({ code: 'ERR_SKT_STATE' }),
    );
    client.connect();
    expect(await eventually(() => client.finishConnect())).toBe(true);
    expect(client.finishConnect()).toBe(true);
  });

  test('throws an error of connect for a closed port', { timeout: 15_000 }, async () => {
    // No server listens on this port: it was just found to be free.
    const listener = creator.fromAddress(new TCPServerAddress());
    const { port } = listener.localEndpoint();
    listener.close();
    const client = keep(creator.fromAddress(new TCPClientAddress('127.0.0.1', port)));
    const ended = (async () => {
      client.connect();
      return eventually(() => client.finishConnect());
    })();
    await expect(ended).rejects.toMatchObject({ call: 'connect', wsaName: 'WSAECONNREFUSED' });
  });
});

test('A10 data arrive over IPv6 on ::1', async () => {
  const { client, server } = await connectPair('::1');
  client.send(Buffer.from('six'));
  client.shutdown('send');
  expect((await receiveAll(server)).toString()).toBe('six');
  expect(server.peerEndpoint()).toEqual(client.localEndpoint());
  expect(client.peerEndpoint()).toMatchObject({ host: '::1' });
});

test('B12 an IPv6 listener accepts only IPv6', { timeout: 15_000 }, async () => {
  const listener = keep(creator.fromAddress(new TCPServerAddress('::', 0)));
  expect(listener.getOption('v6Only')).toBe(true);
  const { port } = listener.localEndpoint();
  const six = keep(creator.fromAddress(new TCPClientAddress('::1', port)));
  six.connect();
  keep(await eventually(() => listener.accept()));
  const four = keep(creator.fromAddress(new TCPClientAddress('127.0.0.1', port)));
  const ended = (async () => {
    four.connect();
    return eventually(() => four.finishConnect());
  })();
  await expect(ended).rejects.toMatchObject({ wsaName: 'WSAECONNREFUSED' });
});

test('a client exchanges data with a server of node:net', async () => {
  const server = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  const client = keep(creator.fromAddress(new TCPClientAddress('127.0.0.1', port)));
  client.connect();
  await eventually(() => client.finishConnect());
  client.send(Buffer.from('echo'));
  client.shutdown('send');
  expect((await receiveAll(client)).toString()).toBe('echo');
  await new Promise((done) => server.close(done));
});

describe('misuse throws one clear error, and the socket stays usable', () => {
  type Misuse = [name: string, misuse: (skt: ClientSkt) => unknown, code: string];
  const misuses: Misuse[] = [
    ['send(null)', (skt) => skt.send(null as never), 'ERR_SKT_ARGUMENT'],
    ['send(text)', (skt) => skt.send('x' as never), 'ERR_SKT_ARGUMENT'],
    ['recv(nothing)', (skt) => skt.recv(undefined as never), 'ERR_SKT_ARGUMENT'],
    ['recv into an empty array', (skt) => skt.recv(new Uint8Array(0)), 'ERR_SKT_ARGUMENT'],
    ['shutdown(NaN)', (skt) => skt.shutdown(Number.NaN as never), 'ERR_SKT_ARGUMENT'],
    ['shutdown(toString)', (skt) => skt.shutdown('toString' as never), 'ERR_SKT_ARGUMENT'],
    ['an unknown option', (skt) => skt.getOption('speed' as never), 'ERR_SKT_ARGUMENT'],
    ['a size of NaN', (skt) => skt.setOption('sendBufferBytes', Number.NaN), 'ERR_SKT_ARGUMENT'],
    ['a size of 2^40', (skt) => skt.setOption('receiveBufferBytes', 2 ** 40), 'ERR_SKT_ARGUMENT'],
    [
      'an option of 1 instead of true',
      (skt) => skt.setOption('noDelay', 1 as never),
      'ERR_SKT_ARGUMENT',
    ],
    ['accept on a connection', (skt) => (skt as unknown as ListenerSkt).accept(), 'ERR_SKT_KIND'],
    [
      'sendTo on a connection',
      (skt) =>
        (skt as unknown as DatagramSkt).sendTo(Buffer.from('x'), { host: '127.0.0.1', port: 1 }),
      'ERR_SKT_KIND',
    ],
    [
      'recvFrom on a connection',
      (skt) => (skt as unknown as DatagramSkt).recvFrom(new Uint8Array(1)),
      'ERR_SKT_KIND',
    ],
  ];

  test.each(misuses)('%s', async (_name, misuse, code) => {
    const { client, server } = await connectPair();
    expect(() => misuse(client)).toThrowError(expect.objectContaining({ name: 'SktError', code }));
    client.send(Buffer.from('ok'));
    expect(await eventually(() => server.recv(new Uint8Array(8)))).toBe(2);
    client.close();
    expect(() => misuse(client)).toThrowError(expect.objectContaining({ code: 'ERR_SKT_CLOSED' }));
  });

  test('recv before connect throws the error of Winsock', () => {
    const client = keep(creator.fromAddress(new TCPClientAddress('127.0.0.1', 9)));
    expect(() => client.recv(new Uint8Array(1))).toThrowError(WsaError);
    expect(() => client.recv(new Uint8Array(1))).toThrowError(/^recv failed with WSAENOTCONN/);
  });
});

test('B11 options are set and read back', async () => {
  const { client } = await connectPair();
  for (const option of ['noDelay', 'keepAlive', 'oobInline'] as const) {
    for (const value of [true, false]) {
      client.setOption(option, value);
      expect(client.getOption(option)).toBe(value);
    }
  }
  client.setOption('receiveBufferBytes', 40_000);
  expect(client.getOption('receiveBufferBytes')).toBeGreaterThanOrEqual(40_000);
  const listener = keep(creator.fromAddress(new TCPServerAddress()));
  expect(listener.getOption('exclusiveAddress')).toBe(true);
  expect(() => listener.setOption('reuseAddress', true)).toThrowError(
    expect.objectContaining({ wsaName: 'WSAEINVAL' }),
  );
});

let poller: RawPoller;

/** A raw poller of its own for each test of a `describe`. */
function withPoller(): void {
  beforeEach(() => {
    poller = new RawPoller();
  });
  afterEach(() => poller.close());
}

const oneByte = () => new Uint8Array(1);
/** The bits that the engine requests even for an empty interest. */
const hangUps = AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE;

/** Makes the peer reset the connection. */
async function reset() {
  const { client, server } = await connectPair();
  client.abortOnClose();
  client.close();
  await poller.events(server, AFD_POLL_ABORT, 1_000);
  return server;
}

describe('FIN and half close', () => {
  withPoller();

  test('H02 a FIN behind unread data is reported at once, or when the data are read', async () => {
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

  test('H06 a FIN from each side does not cause an ABORT', async () => {
    const { client, server } = await connectPair();
    client.shutdown('send');
    expect((await receiveAll(server)).length).toBe(0);
    server.close();
    expect(await poller.events(client, AFD_POLL_DISCONNECT, 1_000)).toBe(AFD_POLL_DISCONNECT);
    expect(await poller.events(client, hangUps)).toBe(0);
    expect(client.recv(oneByte())).toBe(0);
  });

  test('H06 a peer that closes with unread data causes an ABORT, also after own FIN', async () => {
    const { client, server } = await connectPair();
    client.send(Buffer.from('unread'));
    client.shutdown('send');
    await poller.events(server, AFD_POLL_RECEIVE, 1_000);
    server.close();
    expect(await poller.events(client, hangUps, 1_000)).toBe(AFD_POLL_ABORT);
  });

  test('H08 a send after own FIN, and after the peer has closed, fails with its own error', async () => {
    const { client, server } = await connectPair();
    client.shutdown('send');
    expect(outcome(() => client.send(Buffer.from('x')))).toBe('WSAESHUTDOWN');
    expect((await receiveAll(server)).length).toBe(0);
    // The other direction is still open and gives no error.
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
  withPoller();

  test('X01 recv after a reset returns an error, or under Wine 8 the end; never would-block', async () => {
    const server = await reset();
    expectAs({ recvAfterReset: received(() => server.recv(oneByte())) });
    expect([0, 'WSAECONNRESET', 'WSAECONNABORTED']).toContain(
      outcome(() => server.recv(oneByte())),
    );
  });

  test('X02 the resets of two peers are reported, and the listener still accepts', async () => {
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

  test('X06 a reset behind unread data is reported at once, and recv does not block', async () => {
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
