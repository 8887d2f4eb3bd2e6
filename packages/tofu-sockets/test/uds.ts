import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ntKernel } from 'ntdllx';
import { hostProfile } from 'test-kit';
import {
  longestPathBytes,
  temporaryUDSPath,
  UDSClientAddress,
  UDSServerAddress,
  udsPathState,
} from 'tofu-sockets';
import { createSocketCreator, ownFile, removeOwnFile, winsockUsers } from 'tofu-sockets/internal';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { closeAll, creator, eventually, keep, receiveAll } from './sockets.js';

const { afUnix } = hostProfile();
const isFileError = expect.objectContaining({ code: 'ERR_UDS_FILE' });
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'u-'));
});

afterEach(() => {
  closeAll();
  rmSync(directory, { recursive: true });
});

describe.skipIf(afUnix.isPresent)('B07 on a host without AF_UNIX', () => {
  test('a server, a client and removeStale throw ERR_SKT_UNSUPPORTED', () => {
    const unsupported = expect.objectContaining({
      name: 'SktError',
      code: 'ERR_SKT_UNSUPPORTED',
      message:
        'This host does not have AF_UNIX: WSASocketW failed with WSAEAFNOSUPPORT. ' +
        'Windows has it since 10 1803, wine-staging since 10.2: use TCP here.',
    });
    const server = new UDSServerAddress(join(directory, 's'));
    const attempts = [
      () => creator.fromAddress(server),
      () => creator.fromAddress(new UDSClientAddress('s')),
      () => creator.removeStale(server),
    ];
    for (const attempt of attempts) expect(attempt).toThrowError(unsupported);
    expect(udsPathState(server.path)).toBe('free');
    expect(winsockUsers(ntKernel)).toBe(0);
  });
});

describe('files, by the kernel', () => {
  test('a path is free, taken, or has no directory', () => {
    const path = join(directory, 's');
    expect(udsPathState(path)).toBe('free');
    writeFileSync(path, '');
    expect(udsPathState(path)).toBe('taken');
    expect(udsPathState(directory)).toBe('taken');
    expect(udsPathState(join(directory, 'none', 's'))).toBe('no-directory');
    expect(udsPathState(join(path, 's'))).toBe('no-directory');
  });

  test('a relative path is relative to the working directory', () => {
    expect(udsPathState('package.json')).toBe('taken');
    expect(udsPathState('no-such-socket')).toBe('free');
  });

  test('removeOwnFile removes the file once; a missing file is accepted, a directory an error', () => {
    const path = join(directory, 's');
    const server = {};
    writeFileSync(path, '');
    ownFile(server, path, ntKernel);
    removeOwnFile(server);
    expect(udsPathState(path)).toBe('free');
    writeFileSync(path, '');
    removeOwnFile(server);
    expect(udsPathState(path)).toBe('taken');
    ownFile(server, join(directory, 'none'), ntKernel);
    removeOwnFile(server);
    ownFile(server, directory, ntKernel);
    expect(() => removeOwnFile(server)).toThrowError(
      /closed, but its file stays at .*: DeleteFileW failed with Win32 error 5\./,
    );
  });
});

describe.skipIf(!afUnix.isPresent)(`B07 on a host with AF_UNIX ${afUnix.reason}`, () => {
  const connect = (path: string) => {
    const client = keep(creator.fromAddress(new UDSClientAddress(path)));
    client.connect();
    return client;
  };

  test('data is exchanged; the path can be bound again once the server has closed', async () => {
    const path = temporaryUDSPath();
    for (let round = 0; round < 2; round += 1) {
      const listener = keep(creator.fromAddress(new UDSServerAddress(path)));
      const client = connect(path);
      const server = keep(await eventually(() => listener.accept()));
      expect(await eventually(() => client.finishConnect())).toBe(true);
      client.send(Buffer.from('over a file'));
      client.shutdown('send');
      expect((await receiveAll(server)).toString()).toBe('over a file');
      for (const skt of [client, server]) skt.close();
      expect(udsPathState(path)).toBe('taken');
      listener.close();
      expect(udsPathState(path)).toBe('free');
    }
  });

  test('close reports a failed removal; the file then blocks a bind until removeStale', () => {
    const codes: number[] = [];
    const careless = createSocketCreator({
      ...ntKernel,
      DeleteFileW: () => {
        codes.push(5);
        return 0;
      },
      // Sets an error code, because an earlier call may have set ERROR_FILE_NOT_FOUND.
      GetLastError: () => codes.pop() ?? ntKernel.GetLastError(),
    });
    const path = join(directory, 's');
    const address = new UDSServerAddress(path);
    const listener = careless.fromAddress(address);
    expect(() => listener.close()).toThrowError(isFileError);
    expect(listener.isOpen).toBe(false);
    expect(() => creator.fromAddress(address)).toThrowError(isFileError);
    const isRefused = expect.objectContaining({ code: 'ECONNREFUSED', wsaCode: 10_061 });
    expect(() => connect(path)).toThrowError(isRefused);
    expect(creator.removeStale(address)).toBe('removed');
    const isMissing = expect.objectContaining({ code: 'ENOENT', syscall: 'connect' });
    expect(() => connect(path)).toThrowError(isMissing);
    const again = keep(creator.fromAddress(address));
    expect(creator.removeStale(address)).toBe('in-use');
    again.close();
  });

  test('a file that is not a socket’s is refused, and not removed', () => {
    const address = new UDSServerAddress(join(directory, 'letter'));
    writeFileSync(address.path, 'Dear Sir');
    expect(() => creator.fromAddress(address)).toThrowError(isFileError);
    expect(() => creator.removeStale(address)).toThrowError(/it was not removed/);
    expect(udsPathState(address.path)).toBe('taken');
  });

  // Under Wine the Unix name of a path on drive C: also contains the path of the Wine prefix.
  test('a path of 107 bytes works, however long its Unix name is', async () => {
    const room = longestPathBytes - directory.length - 2;
    const inner = join(directory, 'd'.repeat(Math.max(1, room - 3)));
    mkdirSync(inner);
    const path = join(inner, 's'.repeat(longestPathBytes - inner.length - 1));
    expect(Buffer.byteLength(path)).toBe(longestPathBytes);
    const listener = keep(creator.fromAddress(new UDSServerAddress(path)));
    const client = connect(path);
    keep(await eventually(() => listener.accept()));
    expect(client.peerEndpoint()).toEqual({ path });
    listener.close();
    expect(udsPathState(path)).toBe('free');
  });
});
