import { tmpdir } from 'node:os';
import { win32 } from 'node:path';
import { createSimNt, type ProfileName, type SimNt } from 'sim-nt';
import { longestPathBytes, UDSClientAddress, UDSServerAddress } from 'tofu-sockets';
import {
  createSocketCreator,
  temporaryUDSPathOn,
  udsPathStateOn,
  winsockUsers,
} from 'tofu-sockets/internal';
import { afterEach, describe, expect, test } from 'vitest';

// The rules about the files of Unix domain sockets, on simulated kernels that have such sockets:
// under Wine the attributes of a socket's file cannot be read, on Windows they say that it is a
// reparse point.

const kernels: ProfileName[] = ['wine11', 'windows'];
const path = 'C:\\s';
const isFileError = expect.objectContaining({ name: 'SktError', code: 'ERR_UDS_FILE' });

let sim: SimNt;

function start(profile: ProfileName) {
  sim = createSimNt({ seed: 14, profile });
  return { kernel: sim.kernel, creator: createSocketCreator(sim.kernel) };
}

afterEach(() => {
  expect(sim.violations).toEqual([]);
  expect([sim.handles, sim.memory.blocks, winsockUsers(sim.kernel)]).toEqual([0, 0, 0]);
});

describe('B08 a temporary path', () => {
  test('is valid: not empty, with room for the zero, and there is no file', () => {
    const { kernel } = start('wine11');
    const found = temporaryUDSPathOn(kernel);
    expect(new UDSServerAddress(found).path).toBe(found);
    expect(Buffer.byteLength(found)).toBeLessThanOrEqual(longestPathBytes);
    expect(udsPathStateOn(kernel, found)).toBe('free');
    expect(win32.resolve(win32.dirname(found))).toBe(win32.resolve(tmpdir()));
  });

  test('is different each time', () => {
    const { kernel } = start('wine11');
    const paths = Array.from({ length: 1_000 }, () => temporaryUDSPathOn(kernel));
    expect(new Set(paths).size).toBe(1_000);
  });

  test('in a directory whose name is too long is refused, not cut', () => {
    const { kernel } = start('wine11');
    const variable = process.platform === 'win32' ? 'TEMP' : 'TMPDIR';
    const before = process.env[variable];
    process.env[variable] = win32.join(tmpdir(), 'x'.repeat(100));
    try {
      expect(() => temporaryUDSPathOn(kernel)).toThrowError(/at most 107 bytes/);
    } finally {
      if (before === undefined) delete process.env[variable];
      else process.env[variable] = before;
    }
  });

  test('in a directory that cannot be accessed is refused after a few tries', () => {
    const { kernel } = start('wine11');
    // ERROR_CANT_RESOLVE_FILENAME, which Wine 8 returns for a link to itself.
    const looped = { ...kernel, GetFileAttributesW: () => 0xffff_ffff, GetLastError: () => 1_921 };
    expect(() => temporaryUDSPathOn(looped)).toThrowError(isFileError);
    expect(() => temporaryUDSPathOn(looped)).toThrowError(/cannot be accessed: set TEMP/);
  });
});

describe.each(kernels)('a server’s path, on %s', (profile) => {
  test('is free, taken, or has no directory', () => {
    const { kernel, creator } = start(profile);
    expect(udsPathStateOn(kernel, path)).toBe('free');
    sim.makeFile(path, 'file');
    expect(udsPathStateOn(kernel, path)).toBe('taken');
    const address = new UDSServerAddress(path);
    expect(() => creator.fromAddress(address)).toThrowError(isFileError);
    expect(() => creator.fromAddress(address)).toThrowError(
      /a file exists there, .*removeStale removes the latter\.$/,
    );
    sim.makeFile('C:\\directory', 'directory');
    expect(udsPathStateOn(kernel, 'C:\\directory')).toBe('taken');
    const nowhere = 'C:\\none\\s';
    expect(udsPathStateOn(kernel, nowhere)).toBe('no-directory');
    expect(udsPathStateOn(kernel, 'C:\\s\\s')).toBe('no-directory');
    expect(() => creator.fromAddress(new UDSServerAddress(nowhere))).toThrowError(
      /its directory does not exist/,
    );
  });

  test('is a file while the server listens, also while its close is reported, and then free', () => {
    const { kernel, creator } = start(profile);
    const address = new UDSServerAddress(path);
    for (let round = 0; round < 2; round += 1) {
      const listener = creator.fromAddress(address);
      expect([sim.fileAt(path), udsPathStateOn(kernel, path)]).toEqual(['socket', 'taken']);
      const seen: unknown[] = [];
      listener.watch({ onClose: () => seen.push(sim.fileAt(path)) });
      listener.close();
      expect([...seen, sim.fileAt(path)]).toEqual(['socket', undefined]);
    }
  });

  test('close does not throw if the file is already removed', () => {
    const { kernel, creator } = start(profile);
    const listener = creator.fromAddress(new UDSServerAddress(path));
    const other = creator.fromAddress(new UDSServerAddress('C:\\other'));
    other.close();
    const name = kernel.allocate(16);
    name.write(0, Buffer.from('C:\\s\0', 'utf16le'));
    expect(kernel.DeleteFileW(name.address)).toBe(1);
    name.free();
    listener.close();
    // Once: what another program makes there afterwards stays.
    sim.makeFile(path, 'file');
    listener.close();
    expect(sim.fileAt(path)).toBe('file');
  });

  test('close closes the socket and throws the reason if the file cannot be removed', () => {
    const { creator } = start(profile);
    const listener = creator.fromAddress(new UDSServerAddress(path));
    sim.makeFile(path, 'directory');
    expect(() => listener.close()).toThrowError(isFileError);
    expect(listener.isOpen).toBe(false);
    const again = creator.fromAddress(new UDSServerAddress('C:\\other'));
    sim.makeFile('C:\\other', 'directory');
    expect(() => again.close()).toThrowError(
      /closed, but its file stays at 'C:\\\\other': DeleteFileW failed with Win32 error 5\. .* Remove it/,
    );
  });

  test.each([0, 5])('close says that the file stays if its removal fails with code %s', (code) => {
    const { kernel } = start(profile);
    // A failed DeleteFileW may set no error code. The code is then 0, from Winsock's successful
    // calls.
    const codes: number[] = [];
    const careless = createSocketCreator({
      ...kernel,
      DeleteFileW: () => {
        codes.push(code);
        return 0;
      },
      GetLastError: () => codes.pop() ?? kernel.GetLastError(),
    });
    const listener = careless.fromAddress(new UDSServerAddress(path));
    expect(() => listener.close()).toThrowError(isFileError);
    expect([listener.isOpen, sim.fileAt(path)]).toEqual([false, 'socket']);
    expect(() => careless.removeStale(new UDSServerAddress(path))).toThrowError(/DeleteFileW/);
  });

  test('is removed only by the server: a client and an accepted socket remove nothing', () => {
    const { creator } = start(profile);
    const listener = creator.fromAddress(new UDSServerAddress(path));
    const client = creator.fromAddress(new UDSClientAddress(path));
    client.connect();
    const server = listener.accept();
    if (typeof server === 'symbol') throw new Error('accept returned would-block');
    for (const skt of [server, client]) skt.close();
    expect(sim.fileAt(path)).toBe('socket');
    const another = creator.fromAddress(new UDSClientAddress(path));
    expect(() => another.connect()).not.toThrowError();
    for (const skt of [another, listener]) skt.close();
  });
});

describe.each(kernels)('the file of a server that has ended, on %s', (profile) => {
  test('is removed; the file of a running server is not', () => {
    const { creator } = start(profile);
    const address = new UDSServerAddress(path);
    expect(creator.removeStale(address)).toBe('absent');
    const listener = creator.fromAddress(address);
    expect(creator.removeStale(address)).toBe('in-use');
    expect(sim.fileAt(path)).toBe('socket');
    listener.close();
    sim.makeFile(path, 'socket');
    const isTaken = expect.objectContaining({ code: 'ERR_UDS_FILE' });
    expect(() => creator.fromAddress(address)).toThrowError(isTaken);
    expect(creator.removeStale(address)).toBe('removed');
    expect(sim.fileAt(path)).toBeUndefined();
    creator.fromAddress(address).close();
  });

  test('a server that refuses a few times, as before its listen, keeps its file', () => {
    const { kernel } = start(profile);
    let refusals = 4;
    const refusing = createSocketCreator({
      ...kernel,
      connect: (...args) => {
        refusals -= 1;
        return refusals < 0 ? kernel.connect(...args) : -1;
      },
      WSAGetLastError: () => (refusals < 0 ? kernel.WSAGetLastError() : 10_061),
    });
    const address = new UDSServerAddress(path);
    const listener = refusing.fromAddress(address);
    expect(refusing.removeStale(address)).toBe('in-use');
    expect(sim.fileAt(path)).toBe('socket');
    refusals = 5;
    expect(refusing.removeStale(address)).toBe('removed');
    listener.close();
  });

  test('removeStale returns absent if the file disappears while removeStale connects to it', () => {
    const { kernel } = start(profile);
    const vanishing = createSocketCreator({
      ...kernel,
      connect: (...args) => {
        const name = kernel.allocate(16);
        name.write(0, Buffer.from('C:\\s\0', 'utf16le'));
        kernel.DeleteFileW(name.address);
        name.free();
        return kernel.connect(...args);
      },
    });
    sim.makeFile(path, 'socket');
    expect(vanishing.removeStale(new UDSServerAddress(path))).toBe('absent');
  });
});

test.each([
  ['wine11', 'file'],
  ['windows', 'directory'],
] as const)(
  'removeStale does not remove a file that is not a socket: on %s a %s',
  (profile, kind) => {
    const { creator } = start(profile);
    sim.makeFile(path, kind);
    const remove = () => creator.removeStale(new UDSServerAddress(path));
    expect(remove).toThrowError(isFileError);
    expect(remove).toThrowError(/is not the file of a socket, so it was not removed/);
    expect(sim.fileAt(path)).toBe(kind);
  },
);

describe('a reparse point', () => {
  const address = new UDSServerAddress(path);

  test('that is a link, or whose tag cannot be read, is not removed', () => {
    const { kernel, creator } = start('windows');
    sim.makeFile(path, 'link');
    expect(() => creator.removeStale(address)).toThrowError(/it was not removed/);
    sim.makeFile(path, 'socket');
    const blind = createSocketCreator({ ...kernel, FindFirstFileW: () => -1 });
    expect(() => blind.removeStale(address)).toThrowError(/it was not removed/);
    expect(sim.fileAt(path)).toBe('socket');
  });

  test('without a tag, as wine-staging’s newer patches have it, is a socket’s file', () => {
    const { kernel } = start('windows');
    sim.makeFile('C:\\plain', 'file');
    sim.makeFile(path, 'socket');
    const plain = kernel.allocate(32);
    plain.write(0, Buffer.from('C:\\plain\0', 'utf16le'));
    const untagged = createSocketCreator({
      ...kernel,
      FindFirstFileW: (_name, data) => kernel.FindFirstFileW(plain.address, data),
    });
    expect(untagged.removeStale(address)).toBe('removed');
    plain.free();
  });
});

describe('on a kernel without AF_UNIX', () => {
  test('a path with a socket’s file is in use, and removeStale rejects it as unsupported', () => {
    const { kernel, creator } = start('wine8');
    sim.makeFile(path, 'socket');
    expect(udsPathStateOn(kernel, path)).toBe('taken');
    const isUnsupported = expect.objectContaining({ code: 'ERR_SKT_UNSUPPORTED' });
    const address = new UDSServerAddress(path);
    expect(() => creator.removeStale(address)).toThrowError(isUnsupported);
    expect(() => creator.fromAddress(address)).toThrowError(isUnsupported);
  });
});
