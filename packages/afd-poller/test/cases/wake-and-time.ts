import { PollEvents } from 'afd-poller';
import { createRemote } from 'afd-poller/internal';
import { expect } from 'vitest';
import { Cases } from '../fixture.js';

/** Cases about wakes, posted packets and time-outs. */
export const wakeAndTime = new Cases();
const test = wakeAndTime.test.bind(wakeAndTime);

test('K01 a posted packet is reported unchanged, once', (fixture) => {
  const poller = fixture.poller();
  poller.post(0xdead_beef, Number.MAX_SAFE_INTEGER);
  poller.post(0, 0);
  expect(fixture.next(poller)).toEqual([`post 3735928559 ${Number.MAX_SAFE_INTEGER}`, 'post 0 0']);
  fixture.expectSilence(poller);
});

test('K03 several wakes before a wait are one event with the bits of all wakes', (fixture) => {
  const poller = fixture.poller();
  for (const bits of [0b001, 0b100, 0b100]) poller.wake(bits);
  expect(fixture.next(poller)).toEqual(['wake 5']);
  fixture.expectSilence(poller);
  for (let round = 0; round < 10; round += 1) {
    poller.wake(round);
    expect(fixture.next(poller)).toEqual([`wake ${round}`]);
  }
  poller.wake(0xffff_ffff);
  expect(fixture.next(poller)).toEqual(['wake 4294967295']);
});

test('K05 a wake ends only the next wait; the waits before and after it time out', (fixture) => {
  const poller = fixture.poller();
  fixture.expectSilence(poller, 100);
  poller.wake(42);
  expect(fixture.next(poller)).toEqual(['wake 42']);
  fixture.expectSilence(poller, 100);
});

test('K08 a wake by a remote and a wake by the poller become one event', (fixture) => {
  const poller = fixture.poller();
  const remote = createRemote(poller.remoteData(), fixture.host.kernel);
  remote.wake(1);
  poller.wake(2);
  expect(fixture.next(poller)).toEqual(['wake 3']);
});

test('T01 a wait without an event lasts at least as long as its time-out', (fixture) => {
  const poller = fixture.poller();
  const { client } = fixture.pair();
  poller.add(client, { readable: true }, 'idle');
  const before = fixture.host.now();
  expect(fixture.next(poller, 50)).toEqual([]);
  expect(fixture.host.now() - before).toBeGreaterThanOrEqual(50);
});

test('T02 a wait of zero does not block', (fixture) => {
  const poller = fixture.poller();
  const before = fixture.host.now();
  let events = 0;
  for (let count = 0; count < 1_000; count += 1) events += poller.wait(0).length;
  expect(events).toBe(0);
  // On a real clock a wait that blocks would make this test fail by its time-out.
  if (fixture.host.name.startsWith('sim-nt')) expect(fixture.host.now()).toBe(before);
});

test('T03 a time-out of a fraction of a millisecond is not rounded to zero or to infinite', (fixture) => {
  const poller = fixture.poller();
  for (const timeoutMs of [0.1, 0.4, 1.1, 3.1]) {
    for (let count = 0; count < 10; count += 1) {
      const before = fixture.host.now();
      expect(poller.wait(timeoutMs).length).toBe(0);
      // A floating-point clock has a rounding error.
      expect(fixture.host.now() - before).toBeGreaterThanOrEqual(timeoutMs - 1e-9);
    }
  }
});

test('T04 a wait of zero still reports what is ready', (fixture) => {
  const poller = fixture.poller();
  const listener = fixture.listener();
  for (const name of ['a', 'b', 'c']) {
    const client = fixture.clientOf(listener);
    client.connect();
    poller.add(client, { connected: true }, name);
  }
  fixture.host.sleep(20);
  const events = new PollEvents<string>();
  const seen = new Set<string>();
  for (let count = 0; count < 20 && seen.size < 3; count += 1) {
    for (const word of fixture.next(poller, 0, events)) seen.add(word);
    fixture.host.sleep(2);
  }
  expect([...seen].sort()).toEqual(['a connected', 'b connected', 'c connected']);
});

test('T05 a time-out below 1 ms is rounded up, a huge one accepted, an invalid one refused', (fixture) => {
  const poller = fixture.poller();
  expect(poller.wait(0.000_01).length).toBe(0);
  for (const huge of [2 ** 31, 2 ** 53, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
    poller.wake();
    expect(fixture.next(poller, huge)).toEqual(['wake 0']);
  }
  for (const bad of [-1, Number.NaN, Number.NEGATIVE_INFINITY]) {
    expect(() => poller.wait(bad)).toThrowError(
      expect.objectContaining({ code: 'ERR_POLLER_ARGUMENT' }),
    );
  }
});

test('an event list of length 1 reports every event in turn', (fixture) => {
  const poller = fixture.poller();
  const { client, server } = fixture.pair();
  poller.add(client, { writable: true }, 'always');
  poller.add(server, { readable: true }, 'data');
  client.send(Buffer.from('x'));
  const one = new PollEvents<string>(1);
  const seen = new Set<string>();
  for (let count = 0; count < 20 && seen.size < 3; count += 1) {
    if (count === 5) poller.wake(7);
    for (const word of fixture.next(poller, 20, one)) seen.add(word);
  }
  expect([...seen].sort()).toEqual(['always writable', 'data readable', 'wake 7']);
});
