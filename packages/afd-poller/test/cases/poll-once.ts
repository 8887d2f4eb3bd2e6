import { pollOnce, Readiness } from 'afd-poller';
import { expect } from 'vitest';
import { Cases, type Fixture } from '../fixture.js';

/** Cases about `pollOnce`. */
export const once = new Cases();
const test = once.test.bind(once);
const onIP = once.onIP.bind(once);

const options = ({ host: { kernel, now } }: Fixture) => ({ kernel, now, allowMainThread: true });

test('pollOnce returns after its time-out, with one ready socket, or with all in the order of the list', (fixture) => {
  const pairs = Array.from({ length: 100 }, () => fixture.pair());
  const entries = pairs.map(({ server }) => ({ skt: server, interest: { readable: true } }));
  const before = fixture.host.now();
  expect(pollOnce(entries, 0, options(fixture))).toEqual([]);
  expect(pollOnce(entries, 50, options(fixture))).toEqual([]);
  expect(fixture.host.now() - before).toBeGreaterThanOrEqual(50);
  for (const { client } of [...pairs].reverse()) client.send(Buffer.from('x'));
  fixture.host.sleep(10);
  const ready = pollOnce(entries, 1_000, options(fixture));
  expect(ready.map(({ skt }) => skt)).toEqual(pairs.map(({ server }) => server));
  expect(ready.every(({ bits }) => bits === Readiness.readable)).toBe(true);
});

onIP('pollOnce reports a refused connect, which WSAPoll does not', (fixture) => {
  const client = fixture.keep(fixture.creator.fromAddress(fixture.refusingAddress()));
  client.connect();
  const [ready] = pollOnce(
    [{ skt: client, interest: { connected: true } }],
    5_000,
    options(fixture),
  );
  expect(ready).toMatchObject({ bits: Readiness.connectFailed, cause: 0xc000_0236 });
});

test('pollOnce reports a client and the end of a stream, and no full sender', (fixture) => {
  const [one, two] = [fixture.pair(), fixture.pair()];
  const listener = fixture.listener();
  fixture.fill(one.client);
  const entries = [
    { skt: listener, interest: { accept: true } },
    { skt: one.client, interest: { writable: true } },
    { skt: two.server, interest: { readable: true } },
  ];
  expect(pollOnce(entries, 20, options(fixture))).toEqual([]);
  two.client.close();
  fixture.clientOf(listener).connect();
  fixture.host.sleep(10);
  const ready = pollOnce(entries, 1_000, options(fixture));
  expect(ready.map(({ bits }) => bits)).toEqual([
    Readiness.accept,
    Readiness.readable | Readiness.readClosed,
  ]);
});
