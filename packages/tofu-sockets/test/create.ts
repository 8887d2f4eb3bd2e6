import { allocate, ntKernel } from 'ntdllx';
import { linger, SIO_UDP_CONNRESET, SIO_UDP_NETRESET, SO_LINGER, SOL_SOCKET } from 'ntdllx/ws2_32';
import {
  resolveAddress,
  type Skt,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  wouldBlock,
} from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
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
} from './sockets.js';

afterEach(closeAll);

describe('B05 a new socket', () => {
  test('has its kind, is open, and can be closed twice', () => {
    const made = [
      [creator.fromAddress(new TCPServerAddress()), 'listener'],
      [creator.fromAddress(new TCPClientAddress()), 'client'],
      [creator.fromAddress(new UDPAddress()), 'datagram'],
    ] as const;
    for (const [skt, kind] of made) {
      expect(skt.kind).toBe(kind);
      expect(skt.isOpen).toBe(true);
      for (let count = 0; count < 2; count += 1) skt.close();
      expect(skt.isOpen).toBe(false);
    }
  });

  test.each(['127.0.0.1', '::1'])('a free port on %s can be listened on', (host) => {
    const port = creator.findFreeTcpPort(host);
    expect(port).toBeGreaterThan(0);
    const listener = keep(creator.fromAddress(new TCPServerAddress(host, port)));
    expect(listener.localEndpoint()).toEqual({ host, port });
  });
});

describe('options', () => {
  test('are set before the bind: an IPv6 listener can accept IPv4, too', async () => {
    const both = { options: { v6Only: false } };
    const listener = keep(creator.fromAddress(new TCPServerAddress('::', 0), both));
    const { port } = listener.localEndpoint();
    for (const [host, seen] of [
      ['127.0.0.1', '::ffff:'],
      ['::1', '::1'],
    ] as const) {
      const client = keep(creator.fromAddress(new TCPClientAddress(host, port)));
      client.connect();
      const accepted = keep(await eventually(() => listener.accept()));
      expect(accepted.peerEndpoint().host.startsWith(seen)).toBe(true);
    }
  });

  test('an IPv4-mapped address reaches IPv4 by default, but not with v6Only', async () => {
    const v4 = keep(creator.fromAddress(new TCPServerAddress('127.0.0.1', 0)));
    const mapped = keep(creator.fromAddress(new TCPServerAddress('::ffff:127.0.0.1', 0)));
    for (const [listener, host] of [
      [v4, '::ffff:127.0.0.1'],
      [v4, '::FFFF:7f00:1'],
      [mapped, '127.0.0.1'],
    ] as const) {
      const { port } = listener.localEndpoint();
      keep(creator.fromAddress(new TCPClientAddress(host, port))).connect();
      keep(await eventually(() => listener.accept()));
    }
    const excluded = { options: { v6Only: true } };
    for (const address of [
      new TCPClientAddress('::ffff:127.0.0.1', 80),
      new TCPServerAddress('::ffff:127.0.0.1', 0),
      new UDPAddress('::ffff:0.0.0.0', 0),
    ]) {
      expect(() => creator.fromAddress(address, excluded)).toThrowError(/v6Only: true excludes/);
    }
  });

  test('replace the defaults: two sockets can share an address', () => {
    const shared = { options: { exclusiveAddress: false, reuseAddress: true } };
    const first = keep(creator.fromAddress(new UDPAddress(), shared));
    expect(first.getOption('reuseAddress')).toBe(true);
    expect(first.getOption('exclusiveAddress')).toBe(false);
    const { host, port } = first.localEndpoint();
    keep(creator.fromAddress(new UDPAddress(host, port), shared));
  });

  test.each([false, true])(
    'reportUnreachable %s sets the two ioctls accordingly',
    (reportUnreachable) => {
      const reported: number[] = [];
      const kernel: typeof ntKernel = {
        ...ntKernel,
        WSAIoctl: (socket, code, ...rest) => {
          reported.push(code);
          return ntKernel.WSAIoctl(socket, code, ...rest);
        },
      };
      const address = new UDPAddress();
      createSocketCreator(kernel).fromAddress(address, { reportUnreachable }).close();
      expect(reported).toEqual(reportUnreachable ? [] : [SIO_UDP_CONNRESET, SIO_UDP_NETRESET]);
    },
  );

  test('that Winsock refuses leave no socket open', () => {
    const wrong = { options: { exclusiveAddress: true, reuseAddress: true } };
    expect(() => creator.fromAddress(new UDPAddress(), wrong)).toThrowError(
      expect.objectContaining({ wsaName: 'WSAEINVAL' }),
    );
  });

  /** SO_LINGER of a socket: on or off, and seconds. */
  function lingerOf(skt: Skt): [number, number] {
    const memory = allocate(16);
    memory.writeI32(8, linger.size);
    const { address } = memory;
    expect(ntKernel.getsockopt(skt.socket, SOL_SOCKET, SO_LINGER, address, address + 8)).toBe(0);
    const read: [number, number] = [memory.readU16(0), memory.readU16(2)];
    memory.free();
    return read;
  }

  test('B11 SO_LINGER is off for every socket until abortOnClose', async () => {
    const { client, server } = await connectPair();
    expect(lingerOf(client)[0]).toBe(0);
    expect(lingerOf(server)[0]).toBe(0);
    server.abortOnClose();
    expect(lingerOf(server)).toEqual([1, 0]);
    expect(lingerOf(client)[0]).toBe(0);
  });
});

describe('names', () => {
  test('localhost is resolved and connected to', async () => {
    const listener = listen();
    const named = new TCPClientAddress('localhost', listener.localEndpoint().port);
    const addresses = await resolveAddress(named);
    expect(addresses.length).toBeGreaterThan(0);
    const four = addresses.find(({ host }) => host === '127.0.0.1') as TCPClientAddress;
    const client = keep(creator.fromAddress(four));
    client.connect();
    const accepted = keep(await eventually(() => listener.accept()));
    expect(await eventually(() => client.finishConnect())).toBe(true);
    expect(accepted.peerEndpoint()).toEqual(client.localEndpoint());
  });

  test('a name that does not exist throws ERR_RESOLVE', async () => {
    const named = new TCPClientAddress('nobody.invalid', 80);
    await expect(resolveAddress(named)).rejects.toMatchObject({
      name: 'SktError',
      code: 'ERR_RESOLVE',
      message: expect.stringMatching(/^The host name nobody\.invalid was not resolved: E/),
      cause: expect.any(Error),
    });
  });
});

describe('B09', () => {
  test('a connect to a closed port fails with an error of connect, not of the address', {
    timeout: 15_000,
  }, async () => {
    const client = keep(
      creator.fromAddress(new TCPClientAddress('127.0.0.1', creator.findFreeTcpPort())),
    );
    const ended = (async () => {
      client.connect();
      return eventually(() => client.finishConnect());
    })();
    await expect(ended).rejects.toMatchObject({ call: 'connect', wsaName: 'WSAECONNREFUSED' });
  });

  test('a server on an address of another host fails with an error of bind', () => {
    const made = outcome(() => creator.fromAddress(new TCPServerAddress('192.0.2.1', 80)));
    expect(made).toBe('WSAEADDRNOTAVAIL');
  });
});

test('a getter of the flags that uses another socket does not change what is sent', async () => {
  const [one, two] = [await connectPair(), await connectPair()];
  const sneaky = {
    get oob() {
      two.client.send(Buffer.from('other'));
      return false;
    },
  };
  one.client.send(Buffer.from('mine!'), sneaky);
  const buffer = Buffer.alloc(16);
  for (const [pair, text] of [
    [one, 'mine!'],
    [two, 'other'],
  ] as const) {
    const count = (await eventually(() => pair.server.recv(buffer))) as number;
    expect(buffer.toString('latin1', 0, count)).toBe(text);
  }
});

test('send sends exactly the bytes of an array whose length is overridden', async () => {
  class Overlong extends Uint8Array {
    override get byteLength() {
      return 60_000;
    }
    override subarray(): Uint8Array<ArrayBuffer> {
      return new Uint8Array(50_000);
    }
  }
  const { client, server } = await connectPair();
  expect(client.send(new Overlong([1, 2, 3]))).toBe(3);
  const into = new Overlong(5);
  expect(await eventually(() => server.recv(into))).toBe(3);
  expect([into[0], into[1], into[2], into[3]]).toEqual([1, 2, 3, 0]);
  expect(server.recv(into)).toBe(wouldBlock);
});

test('memory that is shared between threads can be sent from and received into', async () => {
  const { client, server } = await connectPair();
  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(7);
  expect(client.send(shared)).toBe(4);
  const into = new Uint8Array(new SharedArrayBuffer(4));
  expect(await eventually(() => server.recv(into))).toBe(4);
  expect([...into]).toEqual([7, 7, 7, 7]);
});

describe('a watcher', () => {
  const reported: string[] = [];
  const watcher = {
    onWouldBlock: (_skt: Skt, direction: string) => reported.push(direction),
    onClose: (skt: Skt) => reported.push(`close ${skt.isOpen}`),
  };
  beforeEach(() => {
    reported.length = 0;
  });

  test('is notified of every would-block, by direction, and of the close while it is open', async () => {
    const listener = listen();
    listener.watch(watcher);
    listener.watch(watcher);
    expect(listener.accept()).toBe(wouldBlock);
    const client = keep(
      creator.fromAddress(new TCPClientAddress('127.0.0.1', listener.localEndpoint().port)),
    );
    client.watch(watcher);
    client.connect();
    await eventually(() => client.finishConnect());
    expect(reported.slice(0, 2)).toEqual(['accept', 'connect']);
    reported.length = 0;
    client.recv(new Uint8Array(1));
    client.recv(new Uint8Array(1), { peek: true });
    client.recv(new Uint8Array(1), { oob: true });
    while (client.send(Buffer.alloc(65_536)) !== wouldBlock);
    client.close();
    client.close();
    expect(reported).toEqual(['readable', 'readable', 'priority', 'writable', 'close true']);
    listener.unwatch(watcher);
    keep(await eventually(() => listener.accept()));
    expect(listener.accept()).toBe(wouldBlock);
    expect(reported.length).toBe(5);
  });

  test('of a UDP socket is notified, too', () => {
    const skt = keep(creator.fromAddress(new UDPAddress()));
    skt.watch(watcher);
    skt.recvFrom(new Uint8Array(1));
    expect(reported).toEqual(['readable']);
  });

  test('that throws does not keep the socket open, nor the other watchers from being called', () => {
    const skt = creator.fromAddress(new UDPAddress());
    skt.watch({
      onClose: () => {
        throw new Error('a bug of the watcher');
      },
    });
    skt.watch(watcher);
    expect(() => skt.close()).toThrowError('a bug of the watcher');
    expect(skt.isOpen).toBe(false);
    expect(reported).toEqual(['close true']);
    skt.close();
  });

  test('cannot be added while the close is reported: its onClose would not be called', () => {
    const skt = creator.fromAddress(new UDPAddress());
    const late = { onClose: () => reported.push('late') };
    let refusal: unknown;
    skt.watch({
      onClose: () => {
        // A poller needs these to cancel its polls, so they must still work.
        expect(skt.baseHandle()).toBeGreaterThan(0);
        try {
          skt.watch(late);
        } catch (error) {
          refusal = error;
        }
      },
    });
    skt.close();
    expect(refusal).toMatchObject({ name: 'SktError', code: 'ERR_SKT_CLOSED' });
    expect(reported).toEqual([]);
  });

  test('that closes and unwatches inside its callback harms nothing', () => {
    const skt = creator.fromAddress(new UDPAddress());
    const closing = {
      onWouldBlock: () => skt.close(),
      onClose: () => {
        skt.close();
        skt.unwatch(closing);
        reported.push('closing');
      },
    };
    skt.watch(closing);
    skt.watch(watcher);
    expect(skt.recvFrom(new Uint8Array(1))).toBe(wouldBlock);
    expect(skt.isOpen).toBe(false);
    // The first watcher closed the socket, so both were notified of the close before the second
    // one was notified of the would-block.
    expect(reported).toEqual(['closing', 'close true', 'readable']);
  });
});

test('a listener with a backlog of one still accepts', async () => {
  const listener = keep(creator.fromAddress(new TCPServerAddress(), { backlog: 1 }));
  connectTo(listener);
  keep(await eventually(() => listener.accept()));
});
