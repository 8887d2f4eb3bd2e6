import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { nativeMemory, ntKernel } from 'ntdllx';
import { hostProfile } from 'test-kit';
import { Reactor } from 'tofu-reactor';
import { describe, expect, test } from 'vitest';
import type { Over } from './fixture.js';
import { runCases } from './reactor-cases.js';
import { runThrowing, thrown } from './throwing.js';

const { afUnix } = hostProfile();
const verify = () => expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });

function runOver(over: Over): void {
  for (const mode of ['loop', 'blocking'] as const) {
    const host = { mode, over, isSimulated: false };
    runCases(host, () => ({
      ...host,
      kernel: ntKernel,
      createReactor: (options) => new Reactor(options),
      verify,
    }));
  }
}

runOver('IP');

describe.skipIf(!afUnix.isPresent)(`over AF_UNIX ${afUnix.reason}`, () => runOver('AF_UNIX'));

test.each(['loop', 'blocking'])(
  'what callbacks throw is uncaught, and the others go on [%s]',
  (mode) => {
    expect(runThrowing(mode)).toEqual(thrown);
  },
);

test.each([
  ['exit', 7, 'exit 7 true'],
  ['throw', 1, 'exit 1 true'],
  ['unref', 0, 'exit 0'],
  ['natural', 0, 'exit 0 false'],
  ['close', 0, 'exit 0 false'],
])('a process with a busy reactor ends: %s', (way, status, said) => {
  const script = fileURLToPath(new URL('./ending.mjs', import.meta.url));
  const run = spawnSync(process.execPath, [script, way], { encoding: 'utf8', timeout: 60_000 });
  expect(run).toMatchObject({ status, stdout: expect.stringContaining(said) });
});

test('here a reactor lives in the loop by itself, and says why', async () => {
  const reactor = new Reactor();
  expect(reactor.inspect()).toMatchObject({
    mode: 'loop',
    reason: expect.stringContaining('libuv'),
  });
  expect(() => reactor.turn(0)).toThrow(expect.objectContaining({ code: 'ERR_REACTOR_MODE' }));
  await reactor.close();
  verify();
});

test('in a worker loop mode is refused with the reason, and blocking serves', async () => {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url));
  const [said] = await once(worker, 'message');
  expect(said).toEqual({ refusal: 'ERR_REACTOR_MODE', auto: 'blocking', read: 'worker' });
  await once(worker, 'exit');
});

test('200 reactors that begin and end leave nothing', async () => {
  for (let round = 0; round < 200; round += 1) {
    const reactor = new Reactor();
    const server = await reactor.listen({ port: 0 }, (connection) => connection.end('x'));
    const client = await reactor.connect(server.endpoint);
    expect(await client.read(Buffer.alloc(1))).toBe(1);
    await reactor.close();
    verify();
  }
});
