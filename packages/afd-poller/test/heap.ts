import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AfdPoller } from 'afd-poller';
import { nativeMemory } from 'ntdllx';
import { type Skt, SocketCreator, UDPAddress } from 'tofu-sockets';
import { expect } from 'vitest';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
const creator = new SocketCreator();

/** What JavaScript keeps, now that what it does not need is collected. */
export function heapBytes(): number {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

/** A bound socket. */
export const udp = (): Skt => creator.fromAddress(new UDPAddress('127.0.0.1', 0));

/** Adds and removes a hundred sockets, 20 times to warm up, then so many times. */
export function expectFlat(way: 'self' | 'helper' | 'group', rounds: number, mostBytes: number) {
  const skts = Array.from({ length: 100 }, udp);
  const poller = new AfdPoller<number>({ way, allowMainThread: true });
  const round = () => {
    for (const [index, skt] of skts.entries()) poller.add(skt, { receive: true }, index);
    poller.wait(0);
    for (const skt of skts) poller.remove(skt);
  };
  for (let warm = 0; warm < 20; warm += 1) round();
  poller.wait(0);
  const before = { heap: heapBytes(), native: nativeMemory() };
  for (let count = 0; count < rounds; count += 1) round();
  poller.wait(0);
  const after = { heap: heapBytes(), native: nativeMemory() };
  console.log(`heap [${way}]: ${((after.heap - before.heap) / 1_024).toFixed()} KiB more`);
  expect(after.native).toEqual(before.native);
  expect(after.heap - before.heap).toBeLessThan(mostBytes);
  expect(poller.inspect()).toMatchObject({ registrations: 0, pending: 0 });
  poller.close();
  for (const skt of skts) skt.close();
}
