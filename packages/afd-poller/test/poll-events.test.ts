import type { PollEvent, PollEvents } from 'afd-poller';
import { createPoller } from 'afd-poller/internal';
import { createSimNt } from 'sim-nt';
import { expect, test } from 'vitest';

function listOf(values: readonly number[]) {
  const { kernel, nowMs } = createSimNt({ seed: 1 });
  const poller = createPoller<number>({ kernel, now: nowMs, allowMainThread: true });
  for (const value of values) poller.post(1, value);
  const events = poller.wait(0);
  return { poller, events };
}

const numberOf = (event: PollEvent) => (event.kind === 'socket' ? Number.NaN : event.value);
const valuesOf = (events: Iterable<PollEvent<number>>) => [...events].map(numberOf);

test('iterators of one list are independent', () => {
  const { poller, events } = listOf([1, 2, 3]);
  const pairs: string[] = [];
  for (const outer of events) {
    const first = numberOf(outer);
    for (const inner of events) pairs.push(`${first}${numberOf(inner)}`);
  }
  expect(pairs).toEqual(['11', '12', '13', '21', '22', '23', '31', '32', '33']);
  poller.close();
});

test('an iterator left by break is done, and the next one starts at the first event', () => {
  const { poller, events } = listOf([1, 2, 3]);
  const iterator = events[Symbol.iterator]();
  for (const event of { [Symbol.iterator]: () => iterator }) if (numberOf(event) === 2) break;
  expect(iterator.next()).toMatchObject({ done: true, value: undefined });
  expect(valuesOf(events)).toEqual([1, 2, 3]);
  poller.close();
});

test('a finished iterator stays finished when the list is filled again', () => {
  const { poller, events } = listOf([1]);
  const iterator = events[Symbol.iterator]();
  expect(iterator.next()).toMatchObject({ done: false, value: { value: 1 } });
  expect(iterator.next()).toMatchObject({ done: true, value: undefined });
  poller.post(1, 4);
  poller.post(1, 5);
  const again: PollEvents<number> = poller.wait(0, events);
  expect(iterator.next()).toMatchObject({ done: true, value: undefined });
  expect(valuesOf(again)).toEqual([4, 5]);
  poller.close();
});
