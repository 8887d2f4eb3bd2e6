import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AfdPoller } from 'afd-poller';
import { nativeMemory } from 'ntdllx';
import { type Skt, SocketCreator, UDPAddress } from 'tofu-sockets';
import { expect, test } from 'vitest';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
const creator = new SocketCreator();

function heapBytes(): number {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

const udp = (): Skt => creator.fromAddress(new UDPAddress('127.0.0.1', 0));

test.each(['self', 'helper', 'group'] as const)('what an idle registration costs [%s]', (way) => {
  const count = 2_000;
  const skts = Array.from({ length: count }, udp);
  const poller = new AfdPoller<number>({ way, allowMainThread: true });
  // What one registration makes the engine load is not the next one's cost.
  poller.add(skts[0] as Skt, { receive: true }, 0);
  poller.wait(0);
  const before = heapBytes();
  for (const [index, skt] of skts.entries())
    if (index > 0) poller.add(skt, { receive: true }, index);
  poller.wait(0);
  const heapEach = (heapBytes() - before) / (count - 1);
  const nativeEach = poller.inspect().blocks.bytes / count;
  console.log(`idle [${way}]: ${nativeEach.toFixed()} native, ${heapEach.toFixed()} heap bytes`);
  expect(poller.inspect().pending).toBe(count);
  // Slabs double in size, so at worst half of the last one is unused.
  expect(nativeEach).toBeLessThan(200);
  expect(heapEach).toBeLessThan(2_000);
  poller.close();
  for (const skt of skts) skt.close();
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test.each(['self', 'helper', 'group'] as const)(
  'flat over 50,000 times add and remove [%s]',
  // Seconds on a calm machine, and no measure of anything.
  { timeout: 120_000 },
  (way) => {
    const skts = Array.from({ length: 100 }, udp);
    const poller = new AfdPoller<number>({ way, allowMainThread: true });
    const round = () => {
      for (const [index, skt] of skts.entries()) poller.add(skt, { receive: true }, index);
      poller.wait(0);
      for (const skt of skts) poller.remove(skt);
    };
    for (let warm = 0; warm < 50; warm += 1) round();
    poller.wait(0);
    const before = { heap: heapBytes(), native: nativeMemory() };
    for (let count = 0; count < 500; count += 1) round();
    poller.wait(0);
    const after = { heap: heapBytes(), native: nativeMemory() };
    console.log(`heap [${way}]: ${((after.heap - before.heap) / 1_024).toFixed()} KiB more`);
    expect(after.native).toEqual(before.native);
    // Less than six bytes a cycle: nothing is kept, the rest is the collector's own.
    expect(after.heap - before.heap).toBeLessThan(300_000);
    expect(poller.inspect()).toMatchObject({ registrations: 0, pending: 0 });
    poller.close();
    for (const skt of skts) skt.close();
  },
);
