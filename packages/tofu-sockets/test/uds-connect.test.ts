import { createSimNt, type ProfileName } from 'sim-nt';
import { type Direction, UDSClientAddress, UDSServerAddress, wouldBlock } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';

// Results of a connect over AF_UNIX on simulated kernels: under Wine it succeeds at once (measured
// on 11), on Windows it is assumed to be pending first.

const path = 'C:\\s';

function start(profile: ProfileName) {
  const sim = createSimNt({ seed: 14, profile });
  const creator = createSocketCreator(sim.kernel);
  const client = creator.fromAddress(new UDSClientAddress(path));
  const reported: Direction[] = [];
  client.watch({ onWouldBlock: (_skt, direction) => reported.push(direction) });
  return { sim, creator, client, reported };
}

/** The error of a connect; checks that the second call throws the same one. */
function failureOf(connect: () => unknown, again: () => unknown): unknown {
  for (const call of [connect, again]) expect(call).toThrowError();
  try {
    again();
  } catch (error) {
    return error;
  }
  return undefined;
}

test.each([
  ['wine11', true],
  ['windows', wouldBlock],
] as const)('on %s a watcher is notified of a connect that returns %s', (profile, returned) => {
  const { creator, client, reported } = start(profile);
  const listener = creator.fromAddress(new UDSServerAddress(path));
  expect(client.connect()).toBe(returned);
  expect(reported).toEqual(['connect']);
  expect(client.finishConnect()).toBe(true);
  expect(client.connect).toThrowError();
  for (const skt of [client, listener]) skt.close();
});

test('a watcher that throws makes connect throw, but the socket is connected', () => {
  const { creator, client } = start('wine11');
  const listener = creator.fromAddress(new UDSServerAddress(path));
  client.watch({
    onWouldBlock: () => {
      throw new Error('a bug of the watcher');
    },
  });
  expect(() => client.connect()).toThrowError('a bug of the watcher');
  expect(client.finishConnect()).toBe(true);
  for (const skt of [client, listener]) skt.close();
});

describe.each(['wine11', 'windows'] as const)('on %s', (profile) => {
  test('a connect to a path without a file fails with ENOENT, and keeps Winsock’s code', () => {
    const { client, reported } = start(profile);
    const error = failureOf(
      () => client.connect(),
      () => client.finishConnect(),
    );
    expect(error).toMatchObject({
      name: 'WsaError',
      code: 'ENOENT',
      errno: -4058,
      syscall: 'connect',
      wsaCode: 10_022,
      wsaName: 'WSAEINVAL',
      message:
        "connect failed with WSAEINVAL (10022). No file exists at 'C:\\\\s': check the path, and " +
        'that the server runs.',
    });
    expect(reported).toEqual([]);
    client.close();
  });

  test('WSAEINVAL becomes EINVAL, not ENOENT, if the file exists', () => {
    const sim = createSimNt({ seed: 14, profile });
    sim.makeFile(path, 'socket');
    const refusing = { ...sim.kernel, connect: () => -1, WSAGetLastError: () => 10_022 };
    const client = createSocketCreator(refusing).fromAddress(new UDSClientAddress(path));
    const isInvalid = expect.objectContaining({ code: 'EINVAL', wsaCode: 10_022 });
    expect(() => client.connect()).toThrowError(isInvalid);
    client.close();
  });

  test('a connect to a file without a listener is refused', () => {
    const { sim, client } = start(profile);
    sim.makeFile(path, 'socket');
    const error = failureOf(
      () => client.connect(),
      () => client.finishConnect(),
    );
    expect(error).toMatchObject({ code: 'ECONNREFUSED', wsaCode: 10_061 });
    client.close();
  });

  test('a connect that fails without an error code is a failure', () => {
    const sim = createSimNt({ seed: 14, profile });
    sim.makeFile(path, 'socket');
    // wine-staging's AF_UNIX sets no error code for a path that it cannot convert.
    const silent = { ...sim.kernel, connect: () => -1, WSAGetLastError: () => 0 };
    const client = createSocketCreator(silent).fromAddress(new UDSClientAddress(path));
    expect(() => client.connect()).toThrowError(expect.objectContaining({ code: 'EINVAL' }));
    client.close();
  });
});

test('a pending connect fails when its listener closes', () => {
  const sim = createSimNt({ seed: 14, profile: 'windows', network: 'lazy' });
  const creator = createSocketCreator(sim.kernel);
  const listener = creator.fromAddress(new UDSServerAddress(path));
  const client = creator.fromAddress(new UDSClientAddress(path));
  expect(client.connect()).toBe(wouldBlock);
  listener.close();
  sim.deliver();
  // The listener removed its file, too, so that Node's name is that of the path; the code is
  // Winsock's.
  const isGone = expect.objectContaining({ wsaCode: 10_061, code: 'ENOENT' });
  expect(() => client.finishConnect()).toThrowError(isGone);
  // The next connect starts again.
  const next = creator.fromAddress(new UDSServerAddress(path));
  expect(client.connect()).toBe(wouldBlock);
  sim.deliver();
  expect(client.finishConnect()).toBe(true);
  for (const skt of [client, next]) skt.close();
});
