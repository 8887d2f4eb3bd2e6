import { PollEvents } from 'afd-poller';
import { verifyPoller } from 'afd-poller/internal';
import { createSimNt } from 'sim-nt';
import { type DatagramSkt, UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';
import { type PresetName, pollerOf, presetNames, socketEvents } from './pollers.js';

// Tests that no socket starves. They count waits and never measure time.

/** Creates UDP sockets, which are always writable. Their tokens are their numbers. */
function crowd(preset: PresetName, count: number) {
  const sim = createSimNt({ seed: 1 });
  const { kernel, nowMs: now } = sim;
  const creator = createSocketCreator(kernel);
  const udp = () => creator.fromAddress(new UDPAddress('127.0.0.1', 0));
  const skts = Array.from({ length: count }, udp);
  const poller = pollerOf<number>(preset, { kernel, now, allowMainThread: true });
  const end = () => {
    verifyPoller(poller);
    poller.close();
    for (const skt of skts) skt.close();
    expect(sim).toMatchObject({ violations: [], pending: 0, handles: 0, memory: { blocks: 0 } });
  };
  return { sim, skts, poller, end };
}

describe.each(presetNames)('%s', (preset) => {
  test.each([
    [1_000, 64],
    [1_000, 100],
    [1_000, 7],
    [200, 1],
    // There are 64 more sockets than the list holds: as many as one batched request has.
    [74, 10],
    [65, 1],
    [64, 1],
  ])('%i sockets that are always ready are reported in turn by a list of %i', (count, places) => {
    const { skts, poller, end } = crowd(preset, count);
    for (const [token, skt] of skts.entries()) poller.add(skt, { writable: true }, token);
    const list = new PollEvents<number>(places);
    const turn = Math.ceil(count / places);
    const lastWait = Array.from({ length: count }, () => 0);
    let longest = 0;
    for (let wait = 1; wait <= 4 * turn; wait += 1) {
      expect(poller.wait(0, list)).toHaveLength(places);
      for (const { token } of socketEvents(list)) {
        longest = Math.max(longest, wait - (lastWait[token] as number));
        lastWait[token] = wait;
      }
    }
    const latest = Math.max(longest, 4 * turn - Math.min(...lastWait));
    expect(latest).toBeLessThanOrEqual(turn + 2);
    end();
  });

  test.each([1, 2, 8])(
    'a list of %i reports also the sockets beside one that is always ready',
    (places) => {
      const { skts, poller, end } = crowd(preset, 65);
      const [always, ...others] = skts as [DatagramSkt, ...DatagramSkt[]];
      poller.add(always, { writable: true }, 0);
      for (const [index, skt] of others.entries()) poller.add(skt, { readable: true }, index + 1);
      const list = new PollEvents<number>(places);
      const reported = new Set<number>();
      for (let count = 0; count < 3; count += 1) poller.wait(0, list);
      for (const skt of others) always.sendTo(Buffer.from('x'), skt.localEndpoint());
      // With a list of capacity 1 all sockets are reported in turn.
      for (let wait = 0; wait < 64 * 3; wait += 1) {
        for (const { token, skt } of socketEvents(poller.wait(0, list))) {
          reported.add(token);
          if (token !== 0 && skt.kind === 'datagram') skt.recvFrom(Buffer.alloc(4));
        }
      }
      expect(reported.size).toBe(65);
      end();
    },
  );

  test('with 1,000 ready sockets a wake is reported at once, and a post in its turn', () => {
    const { skts, poller, end } = crowd(preset, 1_000);
    for (const [token, skt] of skts.entries()) poller.add(skt, { writable: true }, token);
    const list = new PollEvents<number>(64);
    const kinds = () => [...poller.wait(0, list)].map(({ kind }) => kind);
    // One round of all sockets, and two more waits for packets that were removed before.
    const mostWaits = Math.ceil(1_000 / 64) + 2;
    for (let round = 0; round < 40; round += 1) {
      poller.wake(1);
      poller.post(7);
      const first = kinds();
      expect(first[0]).toBe('wake');
      const signals = first.filter((kind) => kind !== 'socket');
      for (let wait = 1; wait < mostWaits && !signals.includes('post'); wait += 1) {
        signals.push(...kinds().filter((kind) => kind !== 'socket'));
      }
      expect(signals).toEqual(['wake', 'post']);
    }
    end();
  });

  test('the next wait reports a wake, also with 100 ready sockets and a list of length 1', () => {
    const { skts, poller, end } = crowd(preset, 100);
    for (const [token, skt] of skts.entries()) poller.add(skt, { writable: true }, token);
    const list = new PollEvents<number>(1);
    for (let wait = 0; wait < 150; wait += 1) poller.wait(0, list);
    for (let round = 0; round < 20; round += 1) {
      poller.wake(round);
      const [event] = [...poller.wait(0, list)];
      expect(event).toMatchObject({ kind: 'wake', value: round });
      expect([...poller.wait(0, list)]).toMatchObject([{ kind: 'socket' }]);
    }
    end();
  });
});
