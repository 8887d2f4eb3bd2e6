import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allocate, type NativeMemory, ntKernel } from 'ntdllx';
import { AF_INET, AF_UNIX, SOCKET_ERROR, WSAECONNREFUSED } from 'ntdllx/ws2_32';
import { hostProfile } from 'test-kit';
import { SocketCreator, temporaryUDSPath, UDSClientAddress, UDSServerAddress } from 'tofu-sockets';
import { decodeSockaddr, encodeSockaddr, winsockUsers } from 'tofu-sockets/internal';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { creator, eventually, receiveAll } from './sockets.js';

const { afUnix } = hostProfile();
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'u-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

describe.skipIf(afUnix.isPresent)('B07 AF_UNIX where the host does not have it', () => {
  test('is unsupported by name, for a server, for a client and for stale files', () => {
    const unsupported = expect.objectContaining({
      name: 'SktError',
      code: 'ERR_SKT_UNSUPPORTED',
      message:
        'This host does not have AF_UNIX: WSASocketW says WSAEAFNOSUPPORT. ' +
        'Windows has it since 10 1803, wine-staging since 10.2.',
    });
    const server = new UDSServerAddress(join(directory, 's'));
    const attempts = [
      () => creator.fromAddress(server),
      () => creator.fromAddress(new UDSClientAddress('s')),
      () => creator.removeStale(server),
    ];
    for (const attempt of attempts) expect(attempt).toThrowError(unsupported);
    expect(existsSync(server.path)).toBe(false);
    expect(winsockUsers(ntKernel)).toBe(0);
  });
});

// Windows has it, by its documentation since 10 1803 (unverified: not run there yet).
describe.skipIf(!afUnix.isPresent)(`B07 AF_UNIX where the host has it ${afUnix.reason}`, () => {
  test('there and back, and the file goes with its owner', async () => {
    const path = temporaryUDSPath();
    const listener = creator.fromAddress(new UDSServerAddress(path));
    const client = creator.fromAddress(new UDSClientAddress(path));
    client.connect();
    const server = await eventually(() => listener.accept());
    expect(await eventually(() => client.finishConnect())).toBe(true);
    client.send(Buffer.from('over a file'));
    client.shutdown('send');
    expect((await receiveAll(server)).toString()).toBe('over a file');
    for (const skt of [client, server, listener]) skt.close();
    expect(existsSync(path)).toBe(false);
  });
});

/**
 * Winsock with AF_UNIX carried over TCP on loopback: what our own code does with files can be seen
 * where the host has no such sockets. Says nothing of what Windows does.
 */
function carried() {
  const blocks = new Map<number, NativeMemory>();
  const ports = new Map<string, number>();
  /** How many connects are still refused, as by a server that does not listen yet. */
  const refusals = { left: 0 };
  let failure: number | undefined;
  const pathAt = (address: number) => {
    const bytes = Buffer.from(blocks.get(address)?.read(2, 108) ?? []);
    return bytes.toString('utf8', 0, bytes.indexOf(0));
  };
  const atPort = <T>(port: number, use: (address: number, bytes: number) => T): T => {
    const name = encodeSockaddr({ host: '127.0.0.1', port });
    const memory = allocate(16);
    memory.write(0, name);
    try {
      return use(memory.address, 16);
    } finally {
      memory.free();
    }
  };
  const kernel: typeof ntKernel = {
    ...ntKernel,
    allocate: (byteLength) => {
      const block = allocate(byteLength);
      // No content of chance: what nobody stores is no address.
      block.fill(0);
      blocks.set(block.address, block);
      return block;
    },
    WSASocketW: (family, type, _protocol, ...rest) =>
      ntKernel.WSASocketW(family === AF_UNIX ? AF_INET : family, type, 0, ...rest),
    bind: (socket, name) => {
      const result = atPort(0, (address, bytes) => ntKernel.bind(socket, address, bytes));
      const path = pathAt(name);
      writeFileSync(path, '', { flag: 'wx' });
      const memory = allocate(32);
      memory.writeI32(16, 16);
      ntKernel.getsockname(socket, memory.address, memory.address + 16);
      ports.set(path, decodeSockaddr(memory.read(0, 16))?.port ?? 0);
      memory.free();
      return result;
    },
    connect: (socket, name) => {
      const isEarly = refusals.left > 0;
      refusals.left -= 1;
      const port = isEarly ? undefined : ports.get(pathAt(name));
      failure = port === undefined ? WSAECONNREFUSED : undefined;
      if (port === undefined) return SOCKET_ERROR;
      return atPort(port, (address, bytes) => ntKernel.connect(socket, address, bytes));
    },
    WSAGetLastError: () => failure ?? ntKernel.WSAGetLastError(),
  };
  return { kernel, ports, refusals };
}

describe('B07 the files of servers, with AF_UNIX carried over TCP', () => {
  test('a connection there and back; the file is there until the owner closed', async () => {
    const own = new SocketCreator(carried().kernel);
    const path = join(directory, 's');
    const listener = own.fromAddress(new UDSServerAddress(path));
    expect(existsSync(path)).toBe(true);
    const client = own.fromAddress(new UDSClientAddress(path));
    client.connect();
    const server = await eventually(() => listener.accept());
    expect(await eventually(() => client.finishConnect())).toBe(true);
    client.send(Buffer.from('over a file'));
    client.shutdown('send');
    expect((await receiveAll(server)).toString()).toBe('over a file');
    for (const skt of [client, server]) skt.close();
    expect(existsSync(path)).toBe(true);
    // It is there as long as the listener is open, also when it is told of its close.
    let wasThere = false;
    listener.watch({
      onClose: () => {
        wasThere = existsSync(path);
      },
    });
    listener.close();
    expect([wasThere, existsSync(path)]).toEqual([true, false]);
  });

  test('a path that is taken is refused, and what is there stays', () => {
    const { kernel } = carried();
    const own = new SocketCreator(kernel);
    const path = join(directory, 'letter');
    writeFileSync(path, 'Dear Sir');
    const fileError = expect.objectContaining({ code: 'ERR_UDS_FILE' });
    expect(() => own.fromAddress(new UDSServerAddress(path))).toThrowError(fileError);
    expect(existsSync(path)).toBe(true);
    const nowhere = join(directory, 'none', 's');
    expect(() => own.fromAddress(new UDSServerAddress(nowhere))).toThrowError(fileError);
    expect(winsockUsers(kernel)).toBe(0);
  });

  test('what a server left behind is removed; what is in use or no socket is not', () => {
    const { kernel, ports } = carried();
    const own = new SocketCreator(kernel);
    const address = new UDSServerAddress(join(directory, 's'));
    expect(own.removeStale(address)).toBe('absent');
    const listener = own.fromAddress(address);
    expect(own.removeStale(address)).toBe('in-use');
    expect(existsSync(address.path)).toBe(true);
    // The server ends without a close: its file stays, and nobody listens.
    ports.delete(address.path);
    expect(own.removeStale(address)).toBe('removed');
    expect(existsSync(address.path)).toBe(false);
    listener.close();
    writeFileSync(address.path, 'Dear Sir');
    expect(() => own.removeStale(address)).toThrowError(/is no socket's file: it is left alone/);
    expect(existsSync(address.path)).toBe(true);
    expect(winsockUsers(kernel)).toBe(0);
  });

  test('a server that refuses a few times, as before its listen, keeps its file', () => {
    const { kernel, refusals } = carried();
    const own = new SocketCreator(kernel);
    const address = new UDSServerAddress(join(directory, 's'));
    const listener = own.fromAddress(address);
    refusals.left = 4;
    expect(own.removeStale(address)).toBe('in-use');
    expect(existsSync(address.path)).toBe(true);
    refusals.left = 5;
    expect(own.removeStale(address)).toBe('removed');
    listener.close();
    expect(winsockUsers(kernel)).toBe(0);
  });

  test('a connection over a path has no endpoint, and says so', () => {
    const { kernel } = carried();
    const own = new SocketCreator({ ...kernel, getsockname: () => 0 });
    const skt = own.fromAddress(new UDSClientAddress('s'));
    expect(() => skt.localEndpoint()).toThrowError(
      expect.objectContaining({ code: 'ERR_ADDRESS' }),
    );
    skt.close();
  });
});
