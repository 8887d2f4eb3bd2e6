import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type AfdPoller, PollerRemote, type RemoteData } from 'afd-poller';
import { verifyPoller } from 'afd-poller/internal';
import { WsaError } from 'ntdllx';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { Fixture, type Host, inWords } from './fixture.js';
import { type PresetName, presetNames } from './pollers.js';
import { realHost } from './real-host.js';

// Tests in which other threads act on a poller that this thread waits with.

const host: Host = { ...realHost, over: 'IP' };
/** Idle worker threads. Another one is started if none is idle. */
const idle: Worker[] = [];
const busy = new Map<Worker, Promise<unknown>>();
let fixture: Fixture;

/** A step that another thread performs with a poller of this thread. */
interface Step {
  readonly afterMs?: number;
  readonly wake?: number;
  readonly post?: readonly [type: number, value: number];
  readonly modify?: readonly [id: number, interest: object];
  readonly closeHandle?: number;
}

/** @returns a promise that resolves after the last step */
function meanwhile(poller: AfdPoller<string>, ...steps: Step[]): Promise<unknown> {
  const worker = idle.pop() ?? new Worker(new URL('./remote-worker.mjs', import.meta.url));
  worker.postMessage({ data: poller.remoteData(), steps });
  const done = once(worker, 'message');
  busy.set(worker, done);
  return done;
}

/**
 * Defines the tests.
 *
 * @param isChosen whether the next test runs with a preset; default: every test runs with every
 *   preset.
 */
export function testThreads(isChosen: (preset: PresetName) => boolean = () => true): void {
  afterEach(async () => {
    const started = [...busy];
    busy.clear();
    try {
      for (const [worker, done] of started) {
        await done;
        idle.push(worker);
      }
    } finally {
      fixture?.close();
    }
  });

  afterAll(async () => {
    for (const worker of idle) await worker.terminate();
  });

  describe.each(presetNames)('%s', (preset) => {
    const newPoller = () => {
      fixture = new Fixture(host, preset);
      return fixture.poller();
    };
    const testHere = (name: string, run: () => void | Promise<void>) => {
      if (isChosen(preset)) test(name, run);
    };

    testHere('K02 a wake by another thread ends a wait without a time-out', () => {
      const poller = newPoller();
      meanwhile(poller, { afterMs: 100, wake: 9 });
      expect(inWords(poller.wait(Number.POSITIVE_INFINITY))).toEqual(['wake 9']);
      fixture.expectSilence(poller);
    });

    testHere('K04 the wakes of two threads, one after the other, are two events', () => {
      const poller = newPoller();
      meanwhile(poller, { afterMs: 50, wake: 1 });
      expect(inWords(poller.wait(10_000))).toEqual(['wake 1']);
      meanwhile(poller, { afterMs: 50, wake: 2 });
      expect(inWords(poller.wait(10_000))).toEqual(['wake 2']);
      fixture.expectSilence(poller);
    });

    testHere('K06 a listener that was removed is silent; only the wake is reported', () => {
      const poller = newPoller();
      const listener = fixture.listener();
      poller.add(listener, { accept: true }, 'listener');
      fixture.expectSilence(poller, 0);
      fixture.clientOf(listener).connect();
      poller.remove(listener);
      meanwhile(poller, { afterMs: 200, wake: 0 });
      expect(inWords(poller.wait(Number.POSITIVE_INFINITY))).toEqual(['wake 0']);
    });

    testHere(
      'P01 a post of another thread ends a wait, and the socket added then is reported',
      () => {
        const poller = newPoller();
        const { client, server } = fixture.pair();
        client.send(Buffer.from('x'));
        meanwhile(poller, { afterMs: 50, post: [1, 77] });
        expect(inWords(poller.wait(Number.POSITIVE_INFINITY))).toEqual(['post 1 77']);
        poller.add(server, { readable: true }, 'server');
        fixture.expectNext(poller, 'server readable');
      },
    );

    testHere('P02 a wait reports the interest that another thread sets during it', () => {
      const poller = newPoller();
      const { client, server } = fixture.pair();
      client.send(Buffer.from('x'));
      const id = poller.add(server, {}, 'server');
      meanwhile(poller, { afterMs: 50, modify: [id, { readable: true }] });
      expect(inWords(poller.wait(Number.POSITIVE_INFINITY))).toEqual(['server readable']);
    });

    testHere('P05 no change is lost when three threads change interests repeatedly', async () => {
      const poller = newPoller();
      const pairs = [fixture.pair(), fixture.pair(), fixture.pair()];
      const ended = pairs.map(({ client, server }, index) => {
        client.send(Buffer.from('x'));
        const id = poller.add(server, {}, `${index}`);
        const steps = Array.from({ length: 100 }, (_, at) => ({
          modify: [
            id,
            at === 99 ? { readable: true, mode: 'oneshot' } : { writable: at % 2 === 0 },
          ],
        }));
        return meanwhile(poller, ...(steps as unknown as Step[]));
      });
      await Promise.all(ended);
      // If a change is lost, its socket is never reported, and the test fails by its time-out.
      const readable = new Set(['0 readable', '1 readable', '2 readable']);
      while (readable.size > 0) {
        for (const word of fixture.next(poller, 100)) readable.delete(word);
        await setTimeout(1);
      }
      // The last interest counts: it is one-shot, so the socket is reported once and then no more.
      fixture.expectSilence(poller);
    });

    testHere(
      'a wait with too little stack left is refused at its start, and loses no registration',
      () => {
        const poller = newPoller();
        // With `batched` there are more sockets than one request holds. With the other presets a few
        // sockets are enough, because each costs a slow call.
        const count = preset === 'batched' ? 70 : 8;
        const skts = Array.from({ length: count }, () => fixture.udp());
        for (const [token, skt] of skts.entries()) poller.add(skt, { writable: true }, `${token}`);
        // V8 compiles a function at its first call, and needs more stack for it than the engine.
        fixture.next(poller);
        const outcome = { done: 0, refused: 0, others: [] as unknown[] };
        const wait = (): void => {
          for (const event of poller.wait(0)) expect(event.kind).toBe('socket');
          outcome.done += 1;
        };
        // V8 inlines at most four functions that are called at one place. If it inlined the wait,
        // `dive` would end earlier, with room for a wait.
        const calls = [() => wait(), () => wait(), () => wait(), () => wait(), () => wait()];
        const dive = (depth: number): void => {
          try {
            dive(depth + 1);
          } catch {}
          if (outcome.done === 3) return;
          try {
            calls[depth % calls.length]?.();
          } catch (error) {
            if (error instanceof RangeError) outcome.refused += 1;
            else outcome.others.push(error);
          }
        };
        dive(0);
        expect(outcome.others).toEqual([]);
        expect(outcome.refused).toBeGreaterThan(0);
        verifyPoller(poller);
        const reported = new Set<string>();
        for (let wait = 0; wait < 4; wait += 1)
          for (const word of fixture.next(poller)) reported.add(word);
        expect(reported.size).toBe(count);
      },
    );

    testHere(
      'a thousand wakes from two threads are reported with all bits, and no wake remains',
      async () => {
        const poller = newPoller();
        const steps = (bit: number) => Array.from({ length: 500 }, () => ({ wake: bit }));
        let [bits, events, isOver] = [0, 0, false];
        const take = (timeoutMs: number) => {
          const list = poller.wait(timeoutMs);
          for (const event of list) if (event.kind === 'wake') bits |= event.value;
          events += list.length;
          return list.length;
        };
        void Promise.all([1, 2].map((bit) => meanwhile(poller, ...steps(bit)))).then(
          () => (isOver = true),
        );
        while (!isOver) {
          take(50);
          await setTimeout(1);
        }
        while (take(20) > 0);
        expect(bits).toBe(3);
        expect(events).toBeGreaterThanOrEqual(1);
        expect(events).toBeLessThanOrEqual(1_000);
      },
    );

    testHere('Z02 a socket that another thread closes during a wait causes no event', () => {
      const poller = newPoller();
      const { server } = fixture.pair();
      poller.add(server, { readable: true }, 'server');
      fixture.expectSilence(poller, 0);
      meanwhile(poller, { afterMs: 50, closeHandle: Number(server.socket) });
      const before = performance.now();
      expect(fixture.next(poller, 1_000)).toEqual([]);
      expect(performance.now() - before).toBeGreaterThanOrEqual(1_000);
      // The thread may be late on a busy machine.
      const latestMs = before + 20_000;
      while (poller.inspect().registrations > 0 && performance.now() < latestMs) {
        expect(fixture.next(poller, 100)).toEqual([]);
      }
      expect(poller.inspect()).toMatchObject({ registrations: 0, pending: 0 });
      let outcome = 'no error';
      try {
        server.close();
      } catch (error) {
        if (!(error instanceof WsaError)) throw error;
        outcome = error.wsaName;
      }
      fixture.expectRows({ closeOfClosedSocket: outcome });
    });

    testHere(
      'P06 timers of the main thread run while a worker waits without a time-out',
      async () => {
        newPoller();
        const script = new URL('./waiting-worker.mjs', import.meta.url);
        const worker = new Worker(script, { workerData: { preset } });
        const ended = once(worker, 'exit');
        const [data] = (await once(worker, 'message')) as [RemoteData];
        const remote = new PollerRemote(data);
        let ticks = 0;
        const timer = setInterval(() => (ticks += 1), 5);
        // If the timers do not run, this test fails by its time-out.
        while (ticks <= 10) await setTimeout(20);
        clearInterval(timer);
        const answer = once(worker, 'message');
        remote.wake(5);
        await setTimeout(50);
        remote.post(1);
        expect((await answer)[0]).toEqual(['wake 5', 'post 0']);
        // A wake after the poller is closed is dropped and reaches no other thread.
        expect(remote.wake()).toBe(false);
        expect(remote.isOpen).toBe(false);
        remote.close();
        remote.close();
        await ended;
      },
    );

    testHere('a worker that waits without a time-out can be terminated', async () => {
      newPoller();
      const script = new URL('./waiting-worker.mjs', import.meta.url);
      const worker = new Worker(script, { workerData: { preset } });
      await once(worker, 'message');
      // If the worker is not terminated, this never resolves, and the test fails by its time-out.
      expect(await worker.terminate()).toBe(1);
    });

    testHere(
      'a wake after the poller is closed reaches no port, also if its handle value is used again',
      () => {
        const poller = newPoller();
        const remote = new PollerRemote(poller.remoteData());
        expect(remote.wake(1)).toBe(true);
        poller.close();
        const stranger = fixture.poller();
        expect(remote.wake(2)).toBe(false);
        expect(remote.post(3, 4)).toBe(false);
        expect(remote.modify(1, { readable: true })).toBe(false);
        fixture.expectSilence(stranger);
        remote.close();
      },
    );
  });
}
