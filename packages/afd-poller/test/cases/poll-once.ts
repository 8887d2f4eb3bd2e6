import { pollOnce, Readiness } from 'afd-poller';
import { expect } from 'vitest';
import { Cases, type Scene } from '../scene.js';

/** One poll over many sockets. */
export const once = new Cases();
const test = once.test.bind(once);
const onIP = once.onIP.bind(once);

const options = ({ host: { kernel, now } }: Scene) => ({ kernel, now, allowMainThread: true });

test('pollOnce: time-out, one of many, all of many, in the order of the list', (scene) => {
  const pairs = Array.from({ length: 100 }, () => scene.pair());
  const entries = pairs.map(({ server }) => ({ skt: server, interest: { readable: true } }));
  const before = scene.host.now();
  expect(pollOnce(entries, 0, options(scene))).toEqual([]);
  expect(pollOnce(entries, 50, options(scene))).toEqual([]);
  expect(scene.host.now() - before).toBeGreaterThanOrEqual(50);
  for (const { client } of [...pairs].reverse()) client.send(Buffer.from('x'));
  scene.host.sleep(10);
  const ready = pollOnce(entries, 1_000, options(scene));
  expect(ready.map(({ skt }) => skt)).toEqual(pairs.map(({ server }) => server));
  expect(ready.every(({ bits }) => bits === Readiness.readable)).toBe(true);
});

onIP('pollOnce tells a refused connect, which WSAPoll does not', (scene) => {
  const client = scene.keep(scene.creator.fromAddress(scene.refusingAddress()));
  client.connect();
  const [ready] = pollOnce([{ skt: client, interest: { connected: true } }], 5_000, options(scene));
  expect(ready).toMatchObject({ bits: Readiness.connectFailed, cause: 0xc000_0236 });
});

test('pollOnce: a listener, a full sender, and the end of a stream', (scene) => {
  const [one, two] = [scene.pair(), scene.pair()];
  const listener = scene.listener();
  scene.fill(one.client);
  const entries = [
    { skt: listener, interest: { accept: true } },
    { skt: one.client, interest: { writable: true } },
    { skt: two.server, interest: { readable: true } },
  ];
  expect(pollOnce(entries, 20, options(scene))).toEqual([]);
  two.client.close();
  scene.clientOf(listener).connect();
  scene.host.sleep(10);
  const ready = pollOnce(entries, 1_000, options(scene));
  expect(ready.map(({ bits }) => bits)).toEqual([
    Readiness.accept,
    Readiness.readable | Readiness.readClosed,
  ]);
});
