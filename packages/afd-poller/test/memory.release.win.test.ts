import { nativeMemory } from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import { expect, test } from 'vitest';
import { expectFlat, heapBytes, udp } from './heap.js';
import { pollerOf, presetNames } from './pollers.js';

test.each(presetNames)('an idle registration needs little memory [%s]', (preset) => {
  const count = 500;
  const skts = Array.from({ length: count }, udp);
  const poller = pollerOf<number>(preset, { allowMainThread: true });
  // The first registration makes the engine load code, which must not be counted.
  poller.add(skts[0] as Skt, { readable: true }, 0);
  poller.wait(0);
  const before = heapBytes();
  for (const [index, skt] of skts.entries())
    if (index > 0) poller.add(skt, { readable: true }, index);
  poller.wait(0);
  const heapEach = (heapBytes() - before) / (count - 1);
  const nativeEach = poller.inspect().blocks.bytes / count;
  const [native, heap] = [nativeEach.toFixed(), heapEach.toFixed()];
  console.log(`one idle socket [${preset}]: ${native} native bytes, ${heap} heap bytes`);
  expect(poller.inspect().pending).toBe(count);
  // Slabs double in size, so in the worst case half of the last one is unused.
  expect(nativeEach).toBeLessThan(200);
  expect(heapEach).toBeLessThan(2_000);
  poller.close();
  for (const skt of skts) skt.close();
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

// memory.siege.win.test.ts tests the other two presets.
test('4,000 adds and removes do not grow the heap [batched]', () => {
  // The limit is smaller than any object, so no object is kept. V8 itself causes the remaining
  // growth.
  expectFlat('batched', 8, 60);
});
