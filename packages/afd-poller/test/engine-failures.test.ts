import { PollEvents, type PollerOptions, pollOnce, prepareInterest, Readiness } from 'afd-poller';
import { SharedFlags, verifyPoller } from 'afd-poller/internal';
import {
  type HANDLE,
  type Kernel,
  STATUS_CANCELLED,
  STATUS_INVALID_HANDLE,
  STATUS_SUCCESS,
} from 'ntdllx';
import { createSimNt } from 'sim-nt';
import { type DatagramSkt, type Skt, UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';
import { type PresetName, pollerOf, presetNames, socketEvents, tokensOf } from './pollers.js';

// Tests of failures in the middle of the engine's work. No registration may be lost, and after
// `modify` a socket must be reported again.

/**
 * Creates UDP sockets, which are always writable, on a simulated kernel. A test can replace some
 * of its calls.
 */
function setUp(preset: PresetName, count: number, options: PollerOptions = {}) {
  const sim = createSimNt({ seed: 1 });
  const kernel: { -readonly [K in keyof Kernel]: Kernel[K] } = { ...sim.kernel };
  const creator = createSocketCreator(kernel);
  const udp = (): DatagramSkt => creator.fromAddress(new UDPAddress('127.0.0.1', 0));
  const skts = Array.from({ length: count }, udp);
  const seams = { kernel, now: sim.nowMs, allowMainThread: true };
  const poller = pollerOf<number>(preset, { ...seams, ...options });
  const reported = (list?: PollEvents<number>) =>
    tokensOf(poller.wait(5, list)).sort((a, b) => a - b);
  const end = () => {
    verifyPoller(poller);
    poller.close();
    for (const skt of skts) skt.close();
    expect(sim).toMatchObject({ violations: [], pending: 0, handles: 0, memory: { blocks: 0 } });
  };
  return { sim, kernel, skts, poller, udp, reported, end };
}

describe.each(['batched', 'single'] as const)(
  'an AFD handle that other code closed [%s]',
  (preset) => {
    test('is replaced after modify, and the engine does not close its handle value', () => {
      const { kernel, sim, skts, poller, reported, end } = setUp(preset, 3);
      let lost: HANDLE | undefined;
      kernel.NtDeviceIoControlFile = (...args) => {
        lost ??= args[0];
        return sim.kernel.NtDeviceIoControlFile(...args);
      };
      for (const [token, skt] of skts.entries()) poller.add(skt, { writable: true }, token);
      expect(reported()).toEqual([0, 1, 2]);
      expect(sim.kernel.NtClose(lost as HANDLE)).toBe(STATUS_SUCCESS);
      let closed = 0;
      kernel.NtClose = (handle) => {
        expect(sim.kernel.NtClose(handle)).toBe(STATUS_SUCCESS);
        closed += 1;
        return STATUS_SUCCESS;
      };
      // The request for which NT refused the handle. The other requests are on a new handle already.
      const refused = [...socketEvents(poller.wait(5))].filter(({ isRefused }) => isRefused);
      const causes = preset === 'single' ? [STATUS_INVALID_HANDLE] : [];
      expect(refused.map(({ cause }) => cause)).toEqual(causes);
      for (const skt of skts) poller.modify(skt, { writable: true });
      expect(reported()).toEqual([0, 1, 2]);
      expect(poller.inspect()).toMatchObject({ registrations: 3, afdHandles: 1 });
      end();
      // The new AFD handle, and the port.
      expect(closed).toBe(2);
    });

    test('and cannot be replaced: its sockets report a refused poll, not LOCAL_CLOSE', () => {
      const { kernel, sim, skts, poller, reported, end } = setUp(preset, 2, {
        requestsPerHandle: 1,
      });
      poller.add(skts[0] as Skt, { readable: true }, 0);
      expect(reported()).toEqual([]);
      kernel.NtSetInformationFile = () => STATUS_INVALID_HANDLE;
      poller.add(skts[1] as Skt, { writable: true, localClosed: true }, 1);
      const [event] = [...socketEvents(poller.wait(5))];
      expect(event).toMatchObject({ token: 1, isRefused: true, cause: STATUS_INVALID_HANDLE });
      kernel.NtSetInformationFile = sim.kernel.NtSetInformationFile;
      poller.modify(skts[1] as Skt, { writable: true });
      expect(reported()).toEqual([1]);
      end();
    });
  },
);

describe.each(presetNames)('%s', (preset) => {
  test('the engine repeats a cancel that throws in remove; the socket can be added again', () => {
    const { kernel, sim, skts, poller, reported, end } = setUp(preset, 2);
    for (const [token, skt] of skts.entries()) poller.add(skt, { readable: true }, token);
    expect(reported()).toEqual([]);
    kernel.NtCancelIoFileEx = () => {
      throw new Error('not now');
    };
    expect(() => poller.remove(skts[0] as Skt)).toThrowError('not now');
    kernel.NtCancelIoFileEx = sim.kernel.NtCancelIoFileEx;
    verifyPoller(poller);
    poller.add(skts[0] as Skt, { writable: true }, 7);
    expect(reported()).toEqual([7]);
    end();
  });

  test('the engine repeats a submit that throws; no registration is lost', () => {
    const { kernel, sim, skts, poller, reported, end } = setUp(preset, 5);
    for (const [token, skt] of skts.entries()) poller.add(skt, { writable: true }, token);
    for (let times = 0; times < 3; times += 1) {
      kernel.NtDeviceIoControlFile = () => {
        throw new Error('not now');
      };
      expect(() => poller.wait(0)).toThrowError('not now');
      verifyPoller(poller);
      kernel.NtDeviceIoControlFile = sim.kernel.NtDeviceIoControlFile;
      expect(reported()).toEqual([0, 1, 2, 3, 4]);
    }
    end();
  });

  test('a wake before every wait takes a list of length 1 only every second time', () => {
    const { skts, poller, end } = setUp(preset, 3);
    for (const [token, skt] of skts.entries()) poller.add(skt, { writable: true }, token);
    const list = new PollEvents<number>(1);
    const reported = new Set<number>();
    let wakes = 0;
    for (let wait = 0; wait < 12; wait += 1) {
      poller.wake(1);
      for (const event of poller.wait(0, list)) {
        if (event.kind === 'socket') reported.add(event.token);
        else wakes += 1;
      }
    }
    expect([...reported].sort()).toEqual([0, 1, 2]);
    expect(wakes).toBe(6);
    end();
  });
});

/** Replaces the next call of a kernel function; later calls work as before. */
function once<K extends keyof Kernel>(
  { kernel, sim }: ReturnType<typeof setUp>,
  name: K,
  answer: () => number,
) {
  const call = sim.kernel[name] as (...args: unknown[]) => unknown;
  let isDone = false;
  Object.assign(kernel, {
    [name]: (...args: unknown[]) => {
      if (isDone) return call(...args);
      isDone = true;
      return answer();
    },
  });
}

test.each([
  ['batched', 'NtDeviceIoControlFile'],
  ['single', 'NtDeviceIoControlFile'],
  ['self', 'NtDeviceIoControlFile'],
  ['single', 'NtCreateFile'],
  ['single', 'NtSetInformationFile'],
] as const)(
  '[%s] a STATUS_CANCELLED that %s returns is not reported as an event of a socket',
  (preset, name) => {
    const fixture = setUp(preset, 3, { requestsPerHandle: 1 });
    const { skts, poller, end } = fixture;
    for (const [token, skt] of skts.entries()) {
      poller.add(skt, { writable: true, localClosed: true }, token);
    }
    once(fixture, name, () => STATUS_CANCELLED);
    const found = new Map<number, number>();
    for (let round = 0; round < 3; round += 1) {
      for (const { token, bits } of socketEvents(poller.wait(5))) found.set(token, bits);
    }
    const { writable } = Readiness;
    expect([...found].sort()).toEqual([0, 1, 2].map((token) => [token, writable]));
    end();
  },
);

test('a check of an AFD handle that throws loses no registration', () => {
  const fixture = setUp('batched', 3);
  const { skts, poller, reported, end } = fixture;
  for (const [token, skt] of skts.entries()) poller.add(skt, { writable: true }, token);
  once(fixture, 'NtDeviceIoControlFile', () => STATUS_INVALID_HANDLE);
  once(fixture, 'NtSetInformationFile', () => {
    throw new Error('not now');
  });
  expect(() => poller.wait(5)).toThrowError('not now');
  verifyPoller(poller);
  expect(reported()).toEqual([0, 1, 2]);
  end();
});

test('a cancel that throws in add leaves no registration; the socket can be added', () => {
  const fixture = setUp('batched', 1);
  const { sim, skts, poller, udp, reported, end } = fixture;
  const [behind] = skts as [DatagramSkt];
  poller.add(behind, { readable: true });
  expect(reported()).toEqual([]);
  // The socket is closed without the poller's knowledge, and its handle value is reused.
  const { socket } = behind;
  sim.kernel.closesocket(socket);
  const skt = udp();
  expect(skt.socket).toBe(socket);
  once(fixture, 'NtCancelIoFileEx', () => {
    throw new Error('not now');
  });
  expect(() => poller.add(skt, { writable: true }, 7)).toThrowError('not now');
  expect([poller.has(skt), poller.has(behind)]).toEqual([false, false]);
  poller.add(skt, { writable: true }, 7);
  expect(reported()).toEqual([7]);
  poller.close();
  // Closing the first socket also closes the handle of the other one, which has the same value.
  behind.close();
  expect(() => skt.close()).toThrowError(/WSAENOTSOCK/);
  end();
});

test('the next wait polls a socket of a shared request even if the list was full', () => {
  const { skts, poller, udp, reported, end } = setUp('batched', 3);
  const sender = udp();
  const send = (token: number) =>
    sender.sendTo(Buffer.from('x'), (skts[token] as DatagramSkt).localEndpoint());
  for (const [token, skt] of skts.entries()) poller.add(skt, { readable: true }, token);
  const list = new PollEvents<number>(1);
  send(0);
  expect(reported(list)).toEqual([0]);
  skts[0]?.recvFrom(Buffer.alloc(4));
  send(1);
  expect(tokensOf(poller.wait(0, list))).toEqual([1]);
  sender.close();
  end();
});

test('a wake whose packet NT refuses is still reported, with the wakes merged into it', () => {
  const flags = new SharedFlags();
  const refuse = () => {
    // Another thread wakes just before the packet is refused. It sees that a packet is on its way,
    // and posts none.
    flags.wake(2, () => expect.unreachable());
    throw new Error('refused');
  };
  expect(() => flags.wake(1, refuse)).toThrowError('refused');
  expect(flags.isWakePending).toBe(true);
  let posts = 0;
  flags.wake(4, () => {
    posts += 1;
  });
  flags.wake(8, () => expect.unreachable());
  expect(posts).toBe(1);
  expect(flags.takeWake()).toBe(15);
  expect(flags.isWakePending).toBe(false);
});

test('threads that continue to call wake do not delay a close', () => {
  const flags = new SharedFlags();
  expect(flags.enter()).toBe(true);
  flags.close();
  expect(flags.enter()).toBe(false);
  expect(flags.waitForPosters(1)).toBe(false);
  flags.leave();
  expect(flags.waitForPosters(0)).toBe(true);
});

test('a spread or a clone of a prepared interest is a valid interest', () => {
  const { skts, poller, reported, end } = setUp('batched', 2);
  const readable = prepareInterest({ readable: true });
  poller.add(skts[0] as Skt, { ...readable, writable: true }, 0);
  poller.add(skts[1] as Skt, structuredClone(prepareInterest({ writable: true })), 1);
  expect(reported()).toEqual([0, 1]);
  end();
});

test('pollOnce leaks nothing, whichever of its allocations fails', () => {
  const { sim, kernel, skts, poller } = setUp('batched', 1);
  poller.close();
  const [skt] = skts as [DatagramSkt];
  const before = { handles: sim.handles, ...sim.memory };
  const poll = () => {
    const options = { kernel, now: sim.nowMs, allowMainThread: true };
    return pollOnce([{ skt, interest: { writable: true } }], 0, options);
  };
  let allocations = 0;
  let fails = -1;
  kernel.allocate = (byteLength) => {
    allocations += 1;
    if (allocations === fails) throw new Error('out of memory');
    return sim.kernel.allocate(byteLength);
  };
  expect(poll()).toHaveLength(1);
  const all = allocations;
  expect(all).toBeGreaterThan(2);
  for (fails = 1; fails <= all; fails += 1) {
    allocations = 0;
    expect(poll).toThrowError('out of memory');
    expect({ handles: sim.handles, ...sim.memory }).toEqual(before);
  }
  skt.close();
});
