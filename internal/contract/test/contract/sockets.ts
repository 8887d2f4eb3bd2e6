import { WsaError } from 'ntdllx';
import {
  type AcceptedSkt,
  type DatagramSkt,
  type ListenerSkt,
  type PathEndpoint,
  type StreamSkt,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  UDSClientAddress,
  UDSServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { temporaryUDSPathOn } from 'tofu-sockets/internal';
import { expect } from 'vitest';
import { contracts, onIP, onUnix } from './contract.js';
import type { Environment } from './environment.js';

const byte = Buffer.from('x');
const named = (wsaName: string) => expect.objectContaining({ wsaName });

/** Returns the name of a Winsock error; rethrows any other error. */
function nameOf(error: unknown): string {
  if (error instanceof WsaError) return error.wsaName;
  throw error;
}

/** Returns the result of a call, or the name of the Winsock error that it throws. */
function answer(call: () => string): string {
  try {
    return call();
  } catch (error) {
    return nameOf(error);
  }
}

/** The result of recv, in the words of the table. */
const received = (skt: StreamSkt) =>
  answer(() => {
    const count = skt.recv(new Uint8Array(4));
    if (count === wouldBlock) return 'would-block';
    return count === 0 ? 'the end' : 'the data';
  });

async function receiveAll(env: Environment, skt: StreamSkt): Promise<Buffer> {
  const parts: Buffer[] = [];
  const into = Buffer.alloc(65_536);
  for (;;) {
    const count = await env.eventually(() => skt.recv(into));
    if (count === 0) return Buffer.concat(parts);
    parts.push(Buffer.from(into.subarray(0, count)));
  }
}

/** Contracts about Winsock, through `Skt`. */
export const sockets = contracts({
  'names of both ends': onIP(async (env) => {
    for (const host of ['127.0.0.1', '::1']) {
      const { client, server } = await env.pair(env.listenOn(host));
      expect(server.peerEndpoint()).toEqual(client.localEndpoint());
      expect(client.peerEndpoint()).toEqual(server.localEndpoint());
      expect(client.localEndpoint()).toMatchObject({ host });
    }
  }),

  'the listener’s end has a path as its name, the client’s end has none': onUnix(async (env) => {
    const listener = env.listen();
    const path = listener.localEndpoint();
    expect(path).toEqual({ path: expect.stringMatching(/tofu-.*\.sock$/) });
    const fresh = env.client(listener);
    expect(fresh.localEndpoint()).toEqual({ path: '' });
    expect(() => fresh.peerEndpoint()).toThrowError(named('WSAENOTCONN'));
    const { client, server } = await env.pair(listener);
    expect([server.localEndpoint(), client.peerEndpoint()]).toEqual([path, path]);
    expect([client.localEndpoint(), server.peerEndpoint()]).toEqual([{ path: '' }, { path: '' }]);
  }),

  'a path is in use until its listener is closed': onUnix((env) => {
    const listener = env.listen() as ListenerSkt<PathEndpoint>;
    const address = new UDSServerAddress(listener.localEndpoint().path);
    const isFileError = expect.objectContaining({ code: 'ERR_UDS_FILE' });
    expect(() => env.creator.fromAddress(address)).toThrowError(isFileError);
    listener.close();
    // The test does not check whether the socket's file is gone: the file system may not see the
    // file.
    env.keep(env.creator.fromAddress(address));
  }),

  'a connect over a path without a file fails at once': onUnix((env) => {
    const missing = new UDSClientAddress(temporaryUDSPathOn(env.kernel));
    const nowhere = env.keep(env.creator.fromAddress(missing));
    const isMissing = expect.objectContaining({ code: 'ENOENT', syscall: 'connect' });
    expect(() => nowhere.connect()).toThrowError(isMissing);
    expect(() => nowhere.finishConnect()).toThrowError(isMissing);
  }),

  'port 0 gives a free port each time; bind to a port in use fails with WSAEADDRINUSE': onIP(
    (env) => {
      const ports = [0, 0].map(() => env.listenOn('127.0.0.1').localEndpoint().port);
      expect(new Set(ports).size).toBe(2);
      const again = new TCPServerAddress('127.0.0.1', ports[0]);
      expect(() => env.creator.fromAddress(again)).toThrowError(named('WSAEADDRINUSE'));
      const elsewhere = new TCPServerAddress('192.0.2.1', 0);
      expect(() => env.creator.fromAddress(elsewhere)).toThrowError(named('WSAEADDRNOTAVAIL'));
    },
  ),

  'a port is free after its listener was closed': onIP((env) => {
    const first = env.listenOn('127.0.0.1');
    const { port } = first.localEndpoint();
    first.close();
    env.keep(env.creator.fromAddress(new TCPServerAddress('127.0.0.1', port)));
  }),

  'before a connect the socket has no peer': onIP((env) => {
    const client = env.client(env.listen());
    expect(() => client.recv(new Uint8Array(1))).toThrowError(named('WSAENOTCONN'));
    expect(() => client.peerEndpoint()).toThrowError(named('WSAENOTCONN'));
    env.expectRows({ sendBeforeConnect: answer(() => String(client.send(byte))) });
    expect(() => client.finishConnect()).toThrowError(
      expect.objectContaining({ code: 'ERR_SKT_STATE' }),
    );
  }),

  'bytes arrive in order, and then the end': async (env) => {
    const { client, server } = await env.pair();
    const all = Buffer.from(Array.from({ length: 5_000 }, (_, index) => index % 251));
    let sent = 0;
    while (sent < all.length) sent += await env.eventually(() => client.send(all.subarray(sent)));
    client.close();
    expect(await receiveAll(env, server)).toEqual(all);
    expect(server.recv(new Uint8Array(1))).toBe(0);
  },

  'a peek leaves the data in the receive buffer': async (env) => {
    const { client, server } = await env.pair();
    client.send(Buffer.from('hello'));
    await env.settle();
    const into = Buffer.alloc(8);
    for (const flags of [{ peek: true }, { peek: true }, {}]) {
      expect(await env.eventually(() => server.recv(into, flags))).toBe(5);
      expect(into.toString('latin1', 0, 5)).toBe('hello');
    }
    expect(server.recv(into, { peek: true })).toBe(wouldBlock);
  },

  'send after a shutdown of sending fails with WSAESHUTDOWN': async (env) => {
    const { client } = await env.pair();
    client.shutdown('send');
    expect(() => client.send(byte)).toThrowError(named('WSAESHUTDOWN'));
  },

  'recv after a reset': async (env) => {
    const { client, server } = await env.pair();
    await env.reset(client, server);
    await env.settle();
    env.expectRows({ recvAfterReset: received(server) });
  },

  'recv after data and a reset': onIP(async (env) => {
    const { client, server } = await env.pair();
    client.send(byte);
    await env.settle();
    client.abortOnClose();
    client.close();
    await env.settle();
    env.expectRows({ recvAfterResetBehindData: received(server) });
  }),

  'after a reset every send fails, and getpeername may fail': onIP(async (env) => {
    const { client, server } = await env.pair();
    client.abortOnClose();
    client.close();
    await env.settle();
    for (let count = 0; count < 2; count += 1) {
      expect(() => server.send(byte)).toThrowError(named('WSAECONNRESET'));
    }
    const peer = answer(() => ('host' in server.peerEndpoint() ? 'the peer' : 'a path'));
    env.expectRows({ peerAfterReset: peer });
  }),

  'data that arrived before a reset is not reported': onIP(async (env) => {
    const { client, server } = await env.pair();
    client.send(Buffer.from('ab'));
    await env.settle();
    client.abortOnClose();
    client.close();
    await env.settle();
    expect(await env.bits(server)).toBe(0x54);
    expect(await env.bits(server, 1)).toBe(0);
  }),

  'after a shutdown of receiving, data that had arrived cannot be read': onIP(async (env) => {
    const { client, server } = await env.pair();
    client.send(byte);
    await env.settle();
    server.shutdown('receive');
    expect(() => server.recv(new Uint8Array(4))).toThrowError(named('WSAESHUTDOWN'));
  }),

  'recv of an urgent byte would block if there is none; a receive past the urgent byte discards it':
    onIP(async (env) => {
      const { client, server } = await env.pair();
      const into = Buffer.alloc(8);
      expect(server.recv(into, { oob: true })).toBe(wouldBlock);
      client.send(Buffer.from('abc'), { oob: true });
      await env.settle();
      expect(await env.bits(server)).toBe(0x47);
      expect(await env.eventually(() => server.recv(into))).toBeGreaterThan(0);
      expect(server.recv(into, { oob: true, peek: true })).toBe(1);
      client.send(Buffer.from('zz'));
      await env.settle();
      while (server.recv(into) !== wouldBlock) await env.settle();
      expect(await env.bits(server)).toBe(0x44);
    }),

  'at the end of the stream a peek leaves the urgent byte, a receive discards it': onIP(
    async (env) => {
      const { client, server } = await env.pair();
      const into = Buffer.alloc(8);
      client.send(byte, { oob: true });
      client.shutdown('send');
      await env.settle();
      expect(await env.eventually(() => server.recv(into, { peek: true }))).toBe(0);
      expect(server.recv(into, { oob: true, peek: true })).toBe(1);
      expect(server.recv(into)).toBe(0);
      expect(server.recv(into, { oob: true })).toBe(wouldBlock);
    },
  ),

  'closing with unread data resets the peer': onIP(async (env) => {
    const { client, server } = await env.pair();
    client.send(byte);
    await env.settle();
    server.close();
    await env.settle();
    expect(await env.bits(client, 0x10)).toBe(0x10);
    expect(() => client.send(byte)).toThrowError(named('WSAECONNRESET'));
  }),

  'sending to a closed peer resets the sender': onIP(async (env) => {
    const { client, server } = await env.pair();
    server.close();
    await env.settle();
    expect(await env.bits(client)).toBe(0x4c);
    client.send(byte);
    await env.settle();
    expect((await env.bits(client, 0x10)) & 0x10).toBe(0x10);
  }),

  'a client that resets its connection before the accept': onIP(async (env) => {
    const listener = env.listen();
    const client = env.connectTo(listener);
    await env.eventually(() => client.finishConnect());
    client.abortOnClose();
    client.close();
    await env.settle();
    const accepted: { skt?: AcceptedSkt } = {};
    const accept = async () => {
      accepted.skt = env.keep(await env.eventually(() => listener.accept()));
      return 'a connection';
    };
    const outcome = await accept().catch((error: unknown) => nameOf(error));
    env.expectRows({ acceptAfterReset: outcome });
    if (accepted.skt !== undefined) expect(await env.bits(accepted.skt, 0x10)).toBe(0x10);
  }),

  'closing a listener resets clients that were not accepted': async (env) => {
    const listener = env.listen();
    const client = env.connectTo(listener);
    await env.eventually(() => client.finishConnect());
    listener.close();
    await env.settle();
    expect(await env.bits(client, 0x10)).toBe(0x10);
  },

  'an IPv6 listener accepts IPv4 only when configured to': onIP(async (env) => {
    const listener = env.listenOn('::');
    const { port } = listener.localEndpoint();
    const v4 = env.keep(env.creator.fromAddress(new TCPClientAddress('127.0.0.1', port)));
    const ended = (async () => {
      v4.connect();
      await env.eventually(() => v4.finishConnect());
    })();
    await expect(ended).rejects.toMatchObject({ wsaName: 'WSAECONNREFUSED' });
  }),

  'getsockopt returns the options that setsockopt has set': onIP(async (env) => {
    const { client } = await env.pair();
    for (const option of ['noDelay', 'keepAlive', 'oobInline'] as const) {
      for (const value of [true, false]) {
        client.setOption(option, value);
        expect(client.getOption(option)).toBe(value);
      }
    }
    const listener = env.listen();
    expect(() => listener.setOption('reuseAddress', true)).toThrowError(named('WSAEINVAL'));
  }),

  'a datagram that does not fit is lost, and recv fails with WSAEMSGSIZE': onIP(async (env) => {
    const [a, b] = [new UDPAddress(), new UDPAddress()].map((address) =>
      env.keep(env.creator.fromAddress(address)),
    ) as [DatagramSkt, DatagramSkt];
    a.sendTo(Buffer.from('12345'), b.localEndpoint());
    await env.settle();
    expect(() => b.recvFrom(new Uint8Array(2))).toThrowError(named('WSAEMSGSIZE'));
    expect(b.recvFrom(new Uint8Array(8))).toBe(wouldBlock);
  }),

  'a datagram to a closed port does not fail the next receive': onIP(async (env) => {
    const [a, b] = [new UDPAddress(), new UDPAddress()].map((address) =>
      env.keep(env.creator.fromAddress(address)),
    ) as [DatagramSkt, DatagramSkt];
    const unbound = b.localEndpoint();
    b.close();
    for (let count = 0; count < 2; count += 1) a.sendTo(byte, unbound);
    await env.settle();
    expect(await env.bits(a)).toBe(4);
    expect(a.recvFrom(new Uint8Array(4))).toBe(wouldBlock);
  }),

  'a handle of something other than a socket fails with WSAENOTSOCK': (env) => {
    const skt = env.listen();
    const handle = Number(skt.socket);
    expect(env.kernel.recv(0x7ffc, new Uint8Array(0), 0, 0)).toBe(-1);
    expect(env.kernel.WSAGetLastError()).toBe(10_038);
    skt.close();
    expect(env.kernel.NtClose(handle)).toBe(0xc000_0008);
  },
});
