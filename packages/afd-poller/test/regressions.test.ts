import { type AfdPoller, PollEvents, type PollerRemote } from 'afd-poller';
import { createRemote, verifyPoller } from 'afd-poller/internal';
import { createSimNt, type SimNtOptions } from 'sim-nt';
import { type Skt, UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { expect, test } from 'vitest';
import { inWords } from './fixture.js';
import { type PresetName, pollerOf, presetNames } from './pollers.js';

// Each of these tests covers a bug of the engine that the random worlds of fuzz.test.ts found.

interface Fixture {
  readonly poller: AfdPoller<string>;
  readonly remote: PollerRemote;
  readonly skts: Skt[];
  readonly next: (timeoutMs?: number, events?: PollEvents<string>) => string[];
  readonly sim: ReturnType<typeof createSimNt>;
  readonly kernel: ReturnType<typeof createSimNt>['kernel'];
}

/** Creates a poller and some UDP sockets, which are always writable. */
function withFixture(
  preset: PresetName,
  options: Partial<SimNtOptions>,
  run: (s: Fixture) => void,
) {
  const sim = createSimNt({ seed: 1, ...options });
  const kernel = { ...sim.kernel };
  const { nowMs: now } = sim;
  const poller = pollerOf<string>(preset, { kernel, now, allowMainThread: true });
  const remote = createRemote(poller.remoteData(), kernel);
  const creator = createSocketCreator(kernel);
  const skts = Array.from({ length: 3 }, () => creator.fromAddress(new UDPAddress('127.0.0.1', 0)));
  const next: Fixture['next'] = (timeoutMs = 0, events) => inWords(poller.wait(timeoutMs, events));
  run({ poller, remote, skts, next, sim, kernel });
  verifyPoller(poller);
  poller.close();
  remote.close();
  for (const skt of skts) skt.close();
  expect(sim).toMatchObject({ violations: [], pending: 0, handles: 0, memory: { blocks: 0 } });
}

test.each(presetNames)(
  'a socket is reported once per list even if another thread changes it meanwhile [%s]',
  (preset) => {
    withFixture(preset, {}, ({ poller, remote, skts: [skt], next }) => {
      const id = poller.add(skt as Skt, { writable: true }, 'socket');
      expect(next()).toEqual(['socket writable']);
      // There are as many packets as the list has places, so the wait removes packets a second
      // time.
      const list = new PollEvents<string>(3);
      remote.modify(id, { writable: true });
      remote.wake(1);
      expect(next(0, list).sort()).toEqual(['socket writable', 'wake 1']);
      expect(next()).toEqual(['socket writable']);
    });
  },
);

test.each(presetNames)('a local close that a wait detects ends this wait [%s]', (preset) => {
  withFixture(preset, {}, ({ poller, skts: [skt], next, sim }) => {
    poller.add(skt as Skt, { readable: true, localClosed: true }, 'socket');
    sim.force('refuseHandle');
    expect(next(50)).toEqual(['socket localClosed']);
    expect(sim.nowMs()).toBe(0);
    expect(next()).toEqual([]);
  });
});

test('an event that had no room in a list is dropped when its registration changes or is removed', () => {
  withFixture('batched', {}, ({ poller, skts, next, sim }) => {
    const [first, second, third] = skts as [Skt, Skt, Skt];
    for (const [index, skt] of skts.entries()) poller.add(skt, { writable: true }, `${index}`);
    // One request reports three sockets, but the list has room for one event.
    expect(next(0, new PollEvents<string>(1))).toEqual(['0 writable']);
    poller.modify(second, { readable: true });
    poller.remove(third);
    poller.modify(first, {});
    const before = sim.nowMs();
    expect(next(5)).toEqual([]);
    expect(sim.nowMs() - before).toBeGreaterThanOrEqual(5);
  });
});

test('a list never overflows: a wake is reported first, and posts wait in order', () => {
  withFixture('batched', {}, ({ poller, skts, next, sim, kernel }) => {
    const list = new PollEvents<string>(3);
    for (const [index, skt] of skts.entries()) poller.add(skt, { writable: true }, `${index}`);
    sim.force('pendingAlthoughDone');
    const { NtDeviceIoControlFile } = kernel;
    Object.assign(kernel, {
      NtDeviceIoControlFile: (...args: Parameters<typeof NtDeviceIoControlFile>) => {
        const status = NtDeviceIoControlFile(...args);
        // The wake's packet is queued behind the packet of the three sockets, and both are removed
        // together.
        poller.wake(1);
        for (const type of [1, 2]) poller.post(type);
        Object.assign(kernel, { NtDeviceIoControlFile });
        return status;
      },
    });
    const reported = [next(0, list)];
    poller.wake(2);
    reported.push(next(0, list), next(0, list));
    expect(reported.every((words) => words.length <= 3)).toBe(true);
    const signals = reported.flat().filter((word) => !word.endsWith('writable'));
    expect(signals).toEqual(['wake 1', 'wake 2', 'post 1 0', 'post 2 0']);
  });
});
