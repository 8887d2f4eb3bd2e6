import { runInNewContext } from 'node:vm';
import { type Kernel, NativeMemoryError, nativeMemory, ntKernel } from 'ntdllx';
import { type Skt, SocketCreator, TCPServerAddress, UDPAddress, wouldBlock } from 'tofu-sockets';
import { winsockUsers } from 'tofu-sockets/internal';
import { afterEach, expect, test } from 'vitest';
import { closeAll, connectPair, creator, eventually, keep } from './sockets.js';

afterEach(closeAll);

/** The real kernel, but one allocation fails; and how often Winsock was started and not stopped. */
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
])('whichever allocation of a socket fails, nothing is left: %s', (_name, address) => {
  let failures = 0;
  for (let isMade = false; !isMade; ) {
    const { kernel, counts } = failing(failures + 1);
    const make = () => new SocketCreator(kernel).fromAddress(address).close();
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
  // The block that all calls share, and what Winsock says of itself.
  expect(failures).toBeGreaterThanOrEqual(2);
});

test('nothing is lent while a watcher is told of a would-block: it may close the last socket', () => {
  let allocations = 0;
  const kernel: Kernel = {
    ...ntKernel,
    allocate(byteLength) {
      allocations += 1;
      return ntKernel.allocate(byteLength);
    },
  };
  const skt = keep(new SocketCreator(kernel).fromAddress(new UDPAddress('127.0.0.1', 0)));
  const told: number[] = [];
  skt.watch({
    onWouldBlock() {
      const before = allocations;
      // Needs what the sockets share; were it lent, this were a block of its own.
      skt.localEndpoint();
      told.push(allocations - before);
      skt.close();
      told.push(nativeMemory().blocks);
    },
  });
  expect(skt.recvFrom(new Uint8Array(1))).toBe(wouldBlock);
  expect(told).toEqual([0, 0]);
});

test('a block that is lent when the last socket closes is given back after its use', () => {
  let last: Skt | undefined;
  const kernel: Kernel = {
    ...ntKernel,
    getsockname(...args) {
      const result = ntKernel.getsockname(...args);
      last?.close();
      return result;
    },
  };
  last = keep(new SocketCreator(kernel).fromAddress(new UDPAddress('127.0.0.1', 0)));
  expect(last.localEndpoint().host).toBe('127.0.0.1');
  expect(last.isOpen).toBe(false);
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('no method asks the getter of the handle, which may be overridden', async () => {
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
