import { createSimNt } from 'sim-nt';
import { UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { expect, test } from 'vitest';
import { pollerOf } from './pollers.js';

// Tests that partial requests of idle sockets are coalesced, and are never cancelled in vain.

/** Creates a poller with one partial request of each of these sizes. All sockets stay idle. */
function partials(sizes: readonly number[]) {
  const sim = createSimNt({ seed: 1 });
  const creator = createSocketCreator(sim.kernel);
  const { kernel, nowMs: now } = sim;
  const poller = pollerOf<number>('batched', { kernel, now, allowMainThread: true });
  const skts = sizes.flatMap((size) => {
    const own = Array.from({ length: size }, () => {
      return creator.fromAddress(new UDPAddress('127.0.0.1', 0));
    });
    for (const skt of own) poller.add(skt, { readable: true });
    poller.wait(0);
    return own;
  });
  const run = (flushes: number) => {
    for (let flush = 0; flush < flushes; flush += 1) poller.wait(0);
    const { cancelled, coalesced } = poller.inspect();
    return { cancelled, coalesced };
  };
  const end = () => {
    expect(poller.inspect().pending).toBe(skts.length);
    poller.close();
    for (const skt of skts) skt.close();
    expect(sim).toMatchObject({ violations: [], pending: 0, handles: 0, memory: { blocks: 0 } });
  };
  return { run, end };
}

test('partial requests are not coalesced if no two of them fit into one request', () => {
  const { run, end } = partials(Array(20).fill(40));
  expect(run(2_000)).toEqual({ cancelled: 0, coalesced: 0 });
  end();
});

test('small partial requests are coalesced before older, larger ones, and only once', () => {
  const { run, end } = partials(Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? 63 : 2)));
  const { cancelled, coalesced } = run(4_000);
  expect(cancelled).toBe(coalesced);
  expect(coalesced).toBeGreaterThanOrEqual(20);
  expect(coalesced).toBeLessThanOrEqual(40);
  expect(run(4_000)).toEqual({ cancelled, coalesced });
  end();
});

test('fewer partial requests than the threshold are not coalesced, whatever their age', () => {
  const { run, end } = partials(Array(16).fill(1));
  expect(run(2_000)).toEqual({ cancelled: 0, coalesced: 0 });
  end();
});
