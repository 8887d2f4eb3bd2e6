import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { nativeMemory } from 'ntdllx';
import { planRuns } from 'test-kit';
import { type Connection, Reactor, type ReactorMode, wouldBlock } from 'tofu-reactor';
import { expect, test } from 'vitest';
import { expectNoHandleAbove, nextHandle } from './cycles.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The duration of each mode in seconds; ten times as long with --long. */
const seconds = planRuns(8).runs;
const clients = { steady: 64, churning: 8, slow: 2, silent: 200 };
/**
 * Code and caches grow for a while. A leak of a few hundred bytes per connection exceeds this
 * limit.
 */
const heapLimitBytes = 8 * 2 ** 20;

interface SoakCounts {
  readonly bytes: number;
  readonly wrong: number;
  readonly messages: number;
  readonly cycles: number;
  readonly resets: number;
  readonly failed: number;
  readonly served: readonly number[];
}

const buffer = Buffer.alloc(65_536);

/** Echoes, and stops reading while bytes are unsent. */
function echo(connection: Connection): void {
  const read = () => {
    for (;;) {
      const count = connection.readInto(buffer);
      if (count === wouldBlock || count === 0) return;
      if (connection.write(buffer.subarray(0, count))) continue;
      connection.onReadable = undefined;
      return;
    }
  };
  connection.onReadable = read;
  connection.onDrain = () => {
    connection.onReadable = read;
  };
}

/** Runs the load once. @returns the counters of the clients. */
async function soak(mode: ReactorMode, durationMs: number): Promise<SoakCounts> {
  const reactor = new Reactor({ mode, name: 'soak' });
  const server = await reactor.listen({ port: 0 }, echo);
  const worker = new Worker(new URL('./soak-clients.mjs', import.meta.url), {
    workerData: { endpoint: server.endpoint, durationMs, ...clients },
  });
  const ended = once(worker, 'exit');
  const reported = once(worker, 'message');
  const running = reactor.run();
  const [counts] = (await reported) as [SoakCounts];
  await ended;
  await server.close();
  expect(reactor.inspect()).toMatchObject({ connections: 0, bufferedBytes: 0, isFull: false });
  await reactor.close();
  await running;
  return counts;
}

test.each(['loop', 'thread', 'blocking'] as const)(
  '%s: every byte is echoed, with resets, slow and silent clients; nothing leaks',
  async (mode) => {
    await soak(mode, 1_000);
    collect();
    const handleBefore = nextHandle();
    const heapBefore = process.memoryUsage().heapUsed;
    const counts = await soak(mode, seconds * 1_000);
    collect();
    const heapGrowth = process.memoryUsage().heapUsed - heapBefore;
    const { bytes, messages, cycles, served } = counts;
    process.stdout.write(
      `${mode}: ${seconds} s, ${bytes} bytes, ${messages} messages, ${cycles} connections; heap ` +
        `${(heapGrowth / 2 ** 10).toFixed(0)} KiB more; least and most served ` +
        `${Math.min(...served)} ${Math.max(...served)}\n`,
    );
    expect(counts).toMatchObject({ wrong: 0, failed: 0 });
    for (const each of [messages, cycles, counts.resets, ...served]) {
      expect(each).toBeGreaterThan(0);
    }
    expect(heapGrowth).toBeLessThan(heapLimitBytes);
    expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
    await expectNoHandleAbove(handleBefore);
  },
);
