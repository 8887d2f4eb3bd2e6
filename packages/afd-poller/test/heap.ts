import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nativeMemory } from 'ntdllx';
import { type Skt, SocketCreator, UDPAddress } from 'tofu-sockets';
import { expect } from 'vitest';
import { type PresetName, pollerOf } from './pollers.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
const creator = new SocketCreator();

/** The size of the JavaScript heap after a garbage collection, in bytes. */
export function heapBytes(): number {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

/** Creates a bound UDP socket. */
export const udp = (): Skt => creator.fromAddress(new UDPAddress('127.0.0.1', 0));

/**
 * Adds and removes a hundred sockets to warm up, and then `rounds` times in each of five spans. A
 * leak makes the heap grow in every span. V8's compiler allocates or frees memory in one or two
 * spans only, most of it in the first rounds. Therefore the warm-up is as long as three spans, and
 * the median of the five growths is compared with the limit.
 */
export function expectFlat(preset: PresetName, rounds: number, mostBytesPerCycle: number) {
  const skts = Array.from({ length: 100 }, udp);
  const poller = pollerOf<number>(preset, { allowMainThread: true });
  const round = () => {
    for (const [index, skt] of skts.entries()) poller.add(skt, { readable: true }, index);
    poller.wait(0);
    for (const skt of skts) poller.remove(skt);
  };
  for (let warm = 0; warm < 3 * rounds; warm += 1) round();
  poller.wait(0);
  const native = nativeMemory();
  const grown = Array.from({ length: 5 }, () => {
    const before = heapBytes();
    for (let count = 0; count < rounds; count += 1) round();
    poller.wait(0);
    return heapBytes() - before;
  });
  const [, , middle = 0] = [...grown].sort((a, b) => a - b);
  const perCycle = middle / (rounds * skts.length);
  console.log(`heap [${preset}]: ${perCycle.toFixed(1)} bytes a cycle; ${grown.join(', ')} in all`);
  expect(nativeMemory()).toEqual(native);
  expect(perCycle).toBeLessThan(mostBytesPerCycle);
  expect(poller.inspect()).toMatchObject({ registrations: 0, pending: 0 });
  poller.close();
  for (const skt of skts) skt.close();
}
