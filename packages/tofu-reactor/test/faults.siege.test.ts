import { type Kernel, STATUS_ACCESS_DENIED, STATUS_INSUFFICIENT_RESOURCES } from 'ntdllx';
import { createSimNt } from 'sim-nt';
import type { Reactor } from 'tofu-reactor';
import { createReactor } from 'tofu-reactor/internal';
import { expect, test } from 'vitest';
import { echo } from './fixture.js';
import { expectNothingLeft, failing } from './simulated.js';

// Repeats the life of a reactor. Each time a different call of the kernel fails once. The program
// may see an error or nothing. Afterwards the reactor serves a new client, and at the end nothing
// is left.

/** A life takes a few milliseconds, or 50 after a failed accept. */
const hangMs = 20_000;
const text = Buffer.from('hello');

/** Serves one TCP client and one datagram. */
async function live(reactor: Reactor, errors: unknown[]): Promise<number> {
  let received = 0;
  const server = await reactor.listen({ port: 0 }, echo);
  server.onError = (error) => errors.push(error);
  const client = await reactor.connect(server.endpoint);
  client.write(text);
  const into = Buffer.alloc(16);
  received += await client.read(into);
  client.end();
  await client.read(into);
  await client.closed;
  const socket = reactor.bind({}, () => {
    try {
      const datagram = socket.receiveInto(into);
      if (typeof datagram === 'object') received += datagram.byteLength;
    } catch (error) {
      errors.push(error);
    }
  });
  const other = reactor.bind({});
  other.send(text, socket.endpoint);
  const before = received;
  for (let turns = 0; turns < 50 && received === before; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all([socket.close(), other.close(), server.close()]);
  return received;
}

async function runLife(name: keyof Kernel, nth: number, fault: number | bigint): Promise<boolean> {
  const failure = failing(name, fault, nth);
  const errors: unknown[] = [];
  const sim = createSimNt({ seed: 20_261_130, profile: 'windows' });
  let reactor: Reactor;
  try {
    reactor = createReactor({
      mode: 'blocking',
      kernel: failure.adapt(sim.kernel),
      now: sim.nowMs,
    });
  } catch {
    expectNothingLeft(sim);
    return failure.calls >= nth;
  }
  let isOver = false;
  const turning = (async () => {
    while (!isOver) {
      try {
        if (reactor.isOpen) reactor.turn(1);
      } catch (error) {
        errors.push(error);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const limited = async (run: Promise<unknown>) => {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      const hang = () => reject(new Error(`the reactor hangs after call ${nth} of ${name} failed`));
      timer = setTimeout(hang, hangMs);
    });
    return Promise.race([run, limit]).finally(() => clearTimeout(timer));
  };
  try {
    // An error of the fault ends a part of the program; it must not hang.
    await limited(live(reactor, errors).catch((error: unknown) => errors.push(error)));
    failure.disarm();
    expect(await limited(live(reactor, [])), `after call ${nth} of ${name} failed`).toBe(10);
    for (const error of errors) expect(error).toBeInstanceOf(Error);
    await limited(reactor.close());
  } finally {
    isOver = true;
    await turning;
  }
  expectNothingLeft(sim);
  return failure.calls >= nth;
}

const INVALID_SOCKET = 2n ** 64n - 1n;
const ntCalls = ['NtCreateFile', 'NtSetInformationFile', 'NtDeviceIoControlFile'] as const;
const alsoNt = ['NtCancelIoFileEx', 'NtRemoveIoCompletionEx', 'NtSetIoCompletion'] as const;
const wsaCalls = [
  'bind',
  'listen',
  'connect',
  'send',
  'recv',
  'sendto',
  'recvfrom',
  'shutdown',
  'setsockopt',
  'getsockopt',
  'getsockname',
  'ioctlsocket',
  'WSAIoctl',
] as const;
const faults: readonly (readonly [keyof Kernel, number | bigint])[] = [
  ...[...ntCalls, ...alsoNt].flatMap((name) => [
    [name, STATUS_ACCESS_DENIED] as const,
    [name, STATUS_INSUFFICIENT_RESOURCES] as const,
  ]),
  ...wsaCalls.map((name) => [name, -1] as const),
  ['WSASocketW', INVALID_SOCKET],
  ['accept', INVALID_SOCKET],
];

test.each(faults)(
  'any call of %s fails once (%s): the reactor continues to serve, and leaks nothing',
  async (name, fault) => {
    for (let nth = 1; await runLife(name, nth, fault); nth += 1);
  },
);
