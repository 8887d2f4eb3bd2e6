import { connect } from 'node:net';
import { runInNewContext } from 'node:vm';
import {
  allocate,
  type Kernel,
  type NativeMemory,
  NativeMemoryError,
  NtClose,
  nativeMemory,
  ntKernel,
  STATUS_INVALID_HANDLE,
} from 'ntdllx';
import {
  SIO_BASE_HANDLE,
  SIO_BSP_HANDLE,
  SIO_BSP_HANDLE_POLL,
  SIO_BSP_HANDLE_SELECT,
  SOCKET_ERROR,
  WSAENOTSOCK,
  WSAEOPNOTSUPP,
} from 'ntdllx/ws2_32';
import {
  type ClientSkt,
  type ListenerSkt,
  type Skt,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  wouldBlock,
} from 'tofu-sockets';
import { createSocketCreator, winsockUsers } from 'tofu-sockets/internal';
import { afterEach, describe, expect, test } from 'vitest';
import { closeAll, connectPair, connectTo, creator, eventually, keep, listen } from './sockets.js';

// Tests of single sockets: accepting, ports and handles, the base handle behind a layered
// provider, and the native memory that all sockets share.

const acceptFrom = async (listener: ListenerSkt) => keep(await eventually(() => listener.accept()));

afterEach(closeAll);

test('A02 accept with an empty backlog returns would-block', () => {
  expect(listen().accept()).toBe(wouldBlock);
});

test('A01 accept returns a non-blocking socket of the client, then would-block', async () => {
  const listener = listen();
  const client = connectTo(listener);
  const accepted = await acceptFrom(listener);
  expect(accepted.kind).toBe('accepted');
  expect(listener.accept()).toBe(wouldBlock);
  expect(accepted.peerEndpoint()).toEqual(client.localEndpoint());
  expect(accepted.localEndpoint()).toEqual(listener.localEndpoint());
  expect(client.peerEndpoint()).toEqual(listener.localEndpoint());
});

test('a client of node:net is accepted, too', async () => {
  const listener = listen();
  const socket = connect(listener.localEndpoint().port, '127.0.0.1');
  const accepted = await acceptFrom(listener);
  await new Promise((done) => (socket.connecting ? socket.once('connect', done) : done(0)));
  expect(accepted.peerEndpoint()).toMatchObject({ port: socket.localPort });
  socket.destroy();
});

test('port 0 becomes a free port, a different one each time', () => {
  const ports = [listen(), listen(), listen()].map((skt) => skt.localEndpoint().port);
  for (const port of ports) expect(port).toBeGreaterThan(0);
  expect(new Set(ports).size).toBe(3);
});

test('A09 a bind to a port in use fails with EADDRINUSE, and port 0 then works', () => {
  const { port } = listen().localEndpoint();
  const again = () => listen(port);
  expect(again).toThrowError(
    expect.objectContaining({ code: 'EADDRINUSE', syscall: 'bind', wsaName: 'WSAEADDRINUSE' }),
  );
  expect(again).toThrowError(/choose another port, or 0 for any/);
  expect(listen().localEndpoint().port).toBeGreaterThan(0);
});

test('a bind to an address of another host fails with WSAEADDRNOTAVAIL', () => {
  const elsewhere = () => creator.fromAddress(new TCPServerAddress('192.0.2.1', 0));
  expect(elsewhere).toThrowError(expect.objectContaining({ wsaName: 'WSAEADDRNOTAVAIL' }));
});

test('the base handle is a valid handle', () => {
  const listener = listen();
  expect(listener.baseHandle()).toBeGreaterThan(0);
  expect(listener.baseHandle()).toBe(listener.baseHandle());
});

test('baseHandle throws an error with the ioctl if the provider hides the handle', () => {
  // Wine's SIO_BASE_HANDLE succeeds for any number, even for a closed socket. So the test replaces
  // the ioctl with one that no provider knows.
  const unknown = 0x4800_00ff;
  const { WSAIoctl } = ntKernel;
  const kernel: typeof ntKernel = {
    ...ntKernel,
    WSAIoctl: (s, _code, ...rest) => WSAIoctl(s, unknown, ...rest),
  };
  const skt = createSocketCreator(kernel).fromAddress(new TCPServerAddress());
  expect(() => skt.baseHandle()).toThrowError(
    expect.objectContaining({ call: 'WSAIoctl(SIO_BASE_HANDLE)', wsaName: 'WSAEOPNOTSUPP' }),
  );
  skt.close();
  expect(winsockUsers(kernel)).toBe(0);
});

test('close throws once for a socket handle that other code closed', () => {
  const client = creator.fromAddress(new TCPClientAddress('127.0.0.1', 9));
  ntKernel.closesocket(client.socket);
  expect(() => client.close()).toThrowError(
    expect.objectContaining({ call: 'closesocket', wsaName: 'WSAENOTSOCK' }),
  );
  expect(client.isOpen).toBe(false);
  client.close();
});

describe('misuse throws one clear error and has no effect', () => {
  test('after close', () => {
    const listener = listen();
    const handle = Number(listener.socket);
    listener.close();
    listener.close();
    expect(listener.isOpen).toBe(false);
    const closed = expect.objectContaining({ code: 'ERR_SKT_CLOSED' });
    expect(() => listener.accept()).toThrowError(closed);
    expect(() => listener.baseHandle()).toThrowError(closed);
    expect(() => listener.localEndpoint()).toThrowError(closed);
    expect(() => listener.socket).toThrowError('This listener socket is closed.');
    expect(NtClose(handle)).toBe(STATUS_INVALID_HANDLE);
  });

  test('the wrong kind', () => {
    const listener = listen();
    const client = connectTo(listener);
    const wrongKind = expect.objectContaining({ code: 'ERR_SKT_KIND' });
    expect(() => (client as unknown as ListenerSkt).accept()).toThrowError(wrongKind);
    const connect = () => (listener as unknown as ClientSkt).connect();
    expect(connect).toThrowError(
      'connect works on sockets of kind client; this one is of kind listener.',
    );
    expect(connect).toThrowError(wrongKind);
    expect(() => listener.peerEndpoint()).toThrowError(
      expect.objectContaining({ call: 'getpeername', wsaName: 'WSAENOTCONN' }),
    );
  });
});

// No host here has a layered provider. So these tests put a wrapper in front of the real Winsock,
// which answers the ioctls for the base handle itself and passes all other calls on.

type Answer = (socket: bigint) => bigint | number;

function layered(answers: ReadonlyMap<number, Answer>) {
  const asked: number[] = [];
  const blocks = new Map<number, NativeMemory>();
  let failure: number | undefined;
  const kernel: typeof ntKernel = {
    ...ntKernel,
    allocate: (byteLength) => {
      const block = allocate(byteLength);
      blocks.set(block.address, block);
      return block;
    },
    WSAIoctl: (socket, code, _in, _inBytes, out) => {
      asked.push(code);
      const answer = answers.get(code)?.(BigInt(socket)) ?? WSAEOPNOTSUPP;
      failure = typeof answer === 'number' ? answer : undefined;
      if (typeof answer === 'number') return SOCKET_ERROR;
      blocks.get(out)?.writeU64(0, answer);
      return 0;
    },
    WSAGetLastError: () => failure ?? ntKernel.WSAGetLastError(),
  };
  const skt = keep(createSocketCreator(kernel).fromAddress(new TCPServerAddress()));
  return { skt, asked, kernel };
}

/** The base handle of 500 is 600. For any other socket SIO_BASE_HANDLE fails. */
const below: Answer = (socket) => (socket === 500n ? 600n : WSAEOPNOTSUPP);

describe('the base handle behind a layered provider', () => {
  test('is found through the socket for select', () => {
    const { skt, asked } = layered(
      new Map([
        [SIO_BASE_HANDLE, below],
        [SIO_BSP_HANDLE_SELECT, () => 500n],
      ]),
    );
    expect(skt.baseHandle()).toBe(600);
    expect(asked).toEqual([SIO_BASE_HANDLE, SIO_BSP_HANDLE_SELECT, SIO_BASE_HANDLE]);
  });

  test('then through the one for poll, then the general one; the same socket is skipped', () => {
    for (const code of [SIO_BSP_HANDLE_POLL, SIO_BSP_HANDLE]) {
      const { skt } = layered(
        new Map<number, Answer>([
          [SIO_BASE_HANDLE, below],
          [SIO_BSP_HANDLE_SELECT, (socket) => socket],
          [code, () => 500n],
        ]),
      );
      expect(skt.baseHandle()).toBe(600);
      skt.close();
    }
  });

  test('that is hidden at every step throws the first error, after at most seven ioctls', () => {
    const { skt, asked, kernel } = layered(
      new Map<number, Answer>([
        [SIO_BSP_HANDLE_SELECT, () => 700n],
        [SIO_BSP_HANDLE_POLL, () => 701n],
        [SIO_BSP_HANDLE, () => 702n],
      ]),
    );
    expect(() => skt.baseHandle()).toThrowError(
      expect.objectContaining({ call: 'WSAIoctl(SIO_BASE_HANDLE)', wsaName: 'WSAEOPNOTSUPP' }),
    );
    expect(asked.length).toBe(7);
    skt.close();
    expect(winsockUsers(kernel)).toBe(0);
  });

  test('is not searched for after WSAENOTSOCK', () => {
    const { skt, asked } = layered(new Map([[SIO_BASE_HANDLE, () => WSAENOTSOCK]]));
    expect(() => skt.baseHandle()).toThrowError(
      expect.objectContaining({ wsaName: 'WSAENOTSOCK' }),
    );
    expect(asked).toEqual([SIO_BASE_HANDLE]);
  });
});

/**
 * The real kernel, but one allocation fails; also counts the Winsock starts that are not undone.
 */
function failing(failedAllocation: number) {
  const counts = { allocations: 0, starts: 0 };
  const kernel: Kernel = {
    ...ntKernel,
    allocate(byteLength) {
      counts.allocations += 1;
      if (counts.allocations === failedAllocation) throw new NativeMemoryError('No memory left.');
      return ntKernel.allocate(byteLength);
    },
    WSAStartup(version, data) {
      const code = ntKernel.WSAStartup(version, data);
      if (code === 0) counts.starts += 1;
      return code;
    },
    WSACleanup() {
      counts.starts -= 1;
      return ntKernel.WSACleanup();
    },
  };
  return { kernel, counts };
}

test.each([
  ['TCP', new TCPServerAddress('127.0.0.1', 0)],
  ['UDP', new UDPAddress('127.0.0.1', 0)],
])('a failing allocation of a socket leaks nothing: %s', (_name, address) => {
  let failures = 0;
  for (let isMade = false; !isMade; ) {
    const { kernel, counts } = failing(failures + 1);
    const make = () => createSocketCreator(kernel).fromAddress(address).close();
    try {
      make();
      isMade = true;
    } catch (error) {
      expect(error).toBeInstanceOf(NativeMemoryError);
      failures += 1;
    }
    expect(counts.starts).toBe(0);
    expect(winsockUsers(kernel)).toBe(0);
    expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
  }
  // Two allocations: the block that all calls share, and the WSADATA.
  expect(failures).toBeGreaterThanOrEqual(2);
});

test('the shared block is free while a watcher runs, which may thus close the last socket', () => {
  let allocations = 0;
  const kernel: Kernel = {
    ...ntKernel,
    allocate(byteLength) {
      allocations += 1;
      return ntKernel.allocate(byteLength);
    },
  };
  const skt = keep(createSocketCreator(kernel).fromAddress(new UDPAddress('127.0.0.1', 0)));
  const reported: number[] = [];
  skt.watch({
    onWouldBlock() {
      const before = allocations;
      // This call needs the shared block. If the block were in use, the call would allocate
      // another one.
      skt.localEndpoint();
      reported.push(allocations - before);
      skt.close();
      reported.push(nativeMemory().blocks);
    },
  });
  expect(skt.recvFrom(new Uint8Array(1))).toBe(wouldBlock);
  expect(reported).toEqual([0, 0]);
});

test('a shared block that is in use when the last socket closes is freed after its use', () => {
  let last: Skt | undefined;
  const kernel: Kernel = {
    ...ntKernel,
    getsockname(...args) {
      const result = ntKernel.getsockname(...args);
      last?.close();
      return result;
    },
  };
  last = keep(createSocketCreator(kernel).fromAddress(new UDPAddress('127.0.0.1', 0)));
  expect(last.localEndpoint().host).toBe('127.0.0.1');
  expect(last.isOpen).toBe(false);
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('no method uses the getter of the handle, which may be overridden', async () => {
  const { client, server } = await connectPair();
  const udp = keep(creator.fromAddress(new UDPAddress('127.0.0.1', 0)));
  const asked: string[] = [];
  for (const skt of [client, server, udp]) {
    const get = () => asked.push(skt.kind);
    Object.defineProperty(skt, 'socket', { get });
  }
  const bytes = new Uint8Array(3);
  expect(client.send(bytes)).toBe(3);
  expect(await eventually(() => server.recv(bytes))).toBe(3);
  expect(udp.sendTo(bytes, udp.localEndpoint())).toBe(3);
  expect(await eventually(() => udp.recvFrom(bytes))).toMatchObject({ byteLength: 3 });
  expect(asked).toEqual([]);
});

test.each([
  ['of another realm', () => runInNewContext('new Uint8Array(3)') as Uint8Array],
  ['without a prototype', () => Object.setPrototypeOf(new Uint8Array(3), null) as Uint8Array],
])('bytes %s are sent and received as any others', async (_name, make) => {
  const { client, server } = await connectPair();
  const [sent, received] = [make(), make()];
  Uint8Array.prototype.set.call(sent, [1, 2, 3]);
  expect(client.send(sent)).toBe(3);
  expect(await eventually(() => server.recv(received))).toBe(3);
  expect([0, 1, 2].map((index) => received[index])).toEqual([1, 2, 3]);
});
