import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { startTrace } from 'nt-trace';
import { nativeMemory } from 'ntdllx';
import { crossSection, hostProfile } from 'test-kit';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';
import { describe, expect, test } from 'vitest';
import { echoCases } from './cases/echo.js';
import { runCycles } from './cycles.js';
import type { Over } from './fixture.js';
import { shortCases } from './hostile.js';
import { checkDifference } from './net-difference.js';
import { runRealCases } from './real-cases.js';
import { runThrowing, thrown } from './throwing.js';

const { afUnix } = hostProfile();
const endingScript = fileURLToPath(new URL('./ending.mjs', import.meta.url));
const verify = () => expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });

function runOver(over: Over): void {
  runRealCases(over, 'loop');
  // Every other case; the siege runs all.
  const takesTurn = crossSection(['blocking', 'none'] as const);
  runRealCases(over, 'blocking', undefined, () => takesTurn('blocking'));
  // Each case starts a thread, so only a few run here. The siege and the tests on the simulated
  // kernel run all of them.
  runRealCases(over, 'thread', [echoCases]);
}

runOver('IP');

describe.skipIf(!afUnix.isPresent)(`over AF_UNIX ${afUnix.reason}`, () => runOver('AF_UNIX'));

// The mode `blocking` is tested on any host.
test.each(['loop', 'thread'])(
  'an exception of a callback is an uncaught error, and other connections continue [%s]',
  (mode) => {
    expect(runThrowing(mode)).toEqual(thrown(false));
  },
);

// Each way once; the siege runs them in both modes.
test.each([
  ['exit', 'loop', '50', 7, 'exit 7 true'],
  ['unref', 'loop', '50', 0, 'exit 0'],
  ['close', 'loop', '50', 0, 'exit 0 false'],
  ['throw', 'thread', '50', 1, 'exit 1 true'],
  ['natural', 'thread', '50', 0, 'exit 0 false'],
  // The process ends while the thread starts.
  ['exit', 'thread', '0', 7, 'exit 7'],
])(
  'a process with a busy reactor ends: %s in mode %s after %s ms',
  (way, mode, ms, status, expected) => {
    const args = [endingScript, way, mode, ms];
    const run = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
    expect(run).toMatchObject({ status, stdout: expect.stringContaining(expected) });
  },
);

test('auto chooses loop mode on this host, and gives the reason', async () => {
  const reactor = new Reactor();
  expect(reactor.inspect()).toMatchObject({
    mode: 'loop',
    reason: expect.stringContaining('libuv'),
  });
  expect(() => reactor.turn(0)).toThrow(expect.objectContaining({ code: 'ERR_REACTOR_MODE' }));
  await reactor.close();
  verify();
});

test.skipIf(afUnix.isPresent)(
  'without AF_UNIX a path fails with EAFNOSUPPORT, as in libuv',
  async () => {
    const reactor = new Reactor();
    const net = netOn(reactor);
    const path = 'C:\\run\\app.sock';
    const [error] = await once(net.createServer().listen(path), 'error').catch((cause) => [cause]);
    expect(error).toMatchObject({
      message: `listen EAFNOSUPPORT: address family not supported ${path}`,
      code: 'EAFNOSUPPORT',
      errno: -4089,
    });
    const refused = `connect EAFNOSUPPORT ${path}`;
    await expect(once(net.connect(path), 'connect')).rejects.toThrow(refused);
    await expect(reactor.connect({ path })).rejects.toThrow(refused);
    await reactor.close();
  },
);

test('a trace shows the name of a reactor at its port', async () => {
  const trace = startTrace();
  const reactor = new Reactor({ name: 'the echo' });
  const server = await reactor.listen({ port: 0 }, () => {});
  await server.close();
  await reactor.close();
  const calls = trace.stop().records.filter((record) => record.kind === 'call');
  const closed = calls.filter((call) => call.function === 'NtClose').map(({ args }) => args[0]);
  expect(closed).toContainEqual(
    expect.objectContaining({ text: expect.stringMatching(/^port#\d "the echo"$/) }),
  );
});

test('in a worker loop mode is refused with the reason, and auto chooses thread mode', async () => {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url));
  const [answer] = await once(worker, 'message');
  expect(answer).toEqual({ refusal: 'ERR_REACTOR_MODE', auto: 'thread', read: 'worker' });
  await once(worker, 'exit');
});

test.each([
  ['loop', 10],
  ['thread', 10],
  ['blocking', 10],
] as const)('%s: %d cycles of a server leave no memory and no handle', (mode, cycles) =>
  runCycles(mode, cycles),
);

// The siege runs all cases, with ten thousand resets and 100 MB.
test.each(Object.entries(shortCases))('a server with limited memory survives %s', (_, run) =>
  run({ peers: 6, bytes: 3_000_000, resets: 40 }),
);

test('random scripts cause the same events in the same order as on node:net', () =>
  checkDifference(32));
