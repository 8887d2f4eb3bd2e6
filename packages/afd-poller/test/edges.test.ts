import { PollEvents } from 'afd-poller';
import { createRemote } from 'afd-poller/internal';
import { type Kernel, STATUS_INSUFFICIENT_RESOURCES } from 'ntdllx';
import { createSimNt } from 'sim-nt';
import { type Skt, TCPClientAddress, TCPServerAddress, UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';
import { inWords } from './fixture.js';
import { pollerOf, presetNames } from './pollers.js';

// Calls that NT refuses seldom: here the kernel refuses each call of the engine once.

type Refusable = 'NtCancelIoFileEx' | 'NtDeviceIoControlFile' | 'NtRemoveIoCompletionEx';

/**
 * Creates a simulated kernel on which a test can make calls fail with
 * STATUS_INSUFFICIENT_RESOURCES.
 */
function failing() {
  const sim = createSimNt({ seed: 1 });
  const due: Record<Refusable, number> = {
    NtCancelIoFileEx: 0,
    NtDeviceIoControlFile: 0,
    NtRemoveIoCompletionEx: 0,
  };
  const refuse =
    <F extends (...args: never[]) => number>(name: Refusable, call: F) =>
    (...args: Parameters<F>): number => {
      if (due[name] === 0) return call(...args);
      due[name] -= 1;
      return STATUS_INSUFFICIENT_RESOURCES;
    };
  const kernel: Kernel = {
    ...sim.kernel,
    NtCancelIoFileEx: refuse('NtCancelIoFileEx', sim.kernel.NtCancelIoFileEx),
    NtDeviceIoControlFile: refuse('NtDeviceIoControlFile', sim.kernel.NtDeviceIoControlFile),
    NtRemoveIoCompletionEx: refuse('NtRemoveIoCompletionEx', sim.kernel.NtRemoveIoCompletionEx),
  };
  return { sim, kernel, due };
}

describe.each(presetNames)('%s', (preset) => {
  const setUp = (options = {}) => {
    const { sim, kernel, due } = failing();
    const creator = createSocketCreator(kernel);
    const skts: Skt[] = [];
    const udp = () => {
      const skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
      skts.push(skt);
      return skt;
    };
    const poller = pollerOf<string>(preset, {
      kernel,
      now: sim.nowMs,
      allowMainThread: true,
      ...options,
    });
    const end = () => {
      poller.close();
      for (const skt of skts) skt.close();
      expect(sim).toMatchObject({ violations: [], pending: 0, handles: 0, memory: { blocks: 0 } });
    };
    return { sim, kernel, due, creator, skts, udp, poller, end };
  };

  test('a poll that NT refuses is one event with its cause; the other sockets are polled', () => {
    const { udp, poller, due, end } = setUp();
    const [bad, good] = [udp(), udp()];
    poller.add(bad, { writable: true }, 'bad');
    due.NtDeviceIoControlFile = 1;
    const [event] = [...poller.wait(1_000)];
    expect(event).toMatchObject({
      kind: 'socket',
      skt: bad,
      token: 'bad',
      isRefused: true,
      isWritable: false,
      cause: STATUS_INSUFFICIENT_RESOURCES,
    });
    const { requests } = poller.inspect();
    expect(inWords(poller.wait(5))).toEqual([]);
    expect(poller.inspect().requests).toBe(requests);
    poller.add(good, { writable: true }, 'good');
    expect(inWords(poller.wait(0))).toEqual(['good writable']);
    poller.remove(good);
    poller.modify(bad, { writable: true });
    expect(inWords(poller.wait(0))).toEqual(['bad writable']);
    end();
  });

  test('a cancel that NT refuses is repeated, and the wider interest is reported', () => {
    const { udp, poller, due, end } = setUp();
    const skt = udp();
    poller.add(skt, { readable: true }, 'skt');
    expect(inWords(poller.wait(0))).toEqual([]);
    poller.modify(skt, { readable: true, writable: true });
    due.NtCancelIoFileEx = 1;
    expect(inWords(poller.wait(0))).toEqual([]);
    expect(inWords(poller.wait(50))).toEqual(['skt writable']);
    end();
  });

  test('remove succeeds while NT refuses to cancel, and the socket can be added again', () => {
    const { udp, poller, due, end } = setUp();
    const skt = udp();
    poller.add(skt, { readable: true }, 'old');
    poller.wait(0);
    due.NtCancelIoFileEx = 1;
    poller.remove(skt);
    poller.add(skt, { writable: true }, 'new');
    expect(inWords(poller.wait(50))).toEqual(['new writable']);
    end();
  });

  test('close reports a leak if NT refuses to cancel, and closes everything else', () => {
    const { sim, udp, poller, due, skts } = setUp({ closeLimitMs: 100 });
    poller.add(udp(), { readable: true }, 'skt');
    poller.wait(0);
    due.NtCancelIoFileEx = 1;
    const close = () => poller.close();
    // Wine completes the pending requests of a handle that is closed. So with AFD handles, which
    // the poller closes, nothing leaks.
    if (preset === 'self')
      expect(close).toThrowError(/^1 of the poller's requests were still pending/);
    else close();
    poller.close();
    for (const skt of skts) skt.close();
    expect(sim).toMatchObject({ violations: [], handles: 0 });
    expect(sim.memory.blocks).toBe(preset === 'self' ? 1 : 0);
  });

  test('close reports a failing port, and closes everything else', () => {
    const { sim, udp, poller, due, skts } = setUp();
    poller.add(udp(), { readable: true }, 'skt');
    poller.wait(0);
    due.NtRemoveIoCompletionEx = 1;
    expect(() => poller.close()).toThrowError(/NtRemoveIoCompletionEx/);
    for (const skt of skts) skt.close();
    expect(sim).toMatchObject({ violations: [], handles: 0, memory: { blocks: 0 } });
  });

  test('close with a time limit of 0 still takes packets once', () => {
    const { udp, poller, end } = setUp({ closeLimitMs: 0 });
    poller.add(udp(), { readable: true }, 'skt');
    poller.wait(0);
    end();
  });

  test('the time limit of close covers all cancels together', () => {
    const { sim, kernel, udp, poller, skts } = setUp({ closeLimitMs: 100 });
    for (let count = 0; count < 500; count += 1) poller.add(udp(), { readable: true }, 'skt');
    poller.wait(0);
    expect(poller.inspect().pending).toBe(500);
    const { NtCancelIoFileEx } = kernel;
    Object.assign(kernel, {
      NtCancelIoFileEx: (...args: Parameters<typeof NtCancelIoFileEx>) => {
        sim.advance(1);
        return NtCancelIoFileEx(...args);
      },
    });
    const before = sim.nowMs();
    const close = () => poller.close();
    // One cancel per socket takes too long; one cancel per AFD handle does not.
    if (preset === 'self')
      expect(close).toThrowError(/^\d+ of .* still pending 100 ms after close/);
    else close();
    expect(sim.nowMs() - before).toBeLessThanOrEqual(110);
    for (const skt of skts) skt.close();
    expect(sim).toMatchObject({ violations: [], handles: 0 });
    if (preset !== 'self') expect(sim.memory.blocks).toBe(0);
  });

  test('events found before an error of the port are still delivered', () => {
    const { udp, poller, due, end } = setUp();
    const skt = udp();
    // If the preset completes polls without a packet, the event is delivered. Otherwise the error
    // is thrown first.
    poller.add(skt, { writable: true, mode: 'oneshot' }, 'skt');
    due.NtRemoveIoCompletionEx = 1;
    const words: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      try {
        words.push(...inWords(poller.wait(0)));
      } catch (error) {
        expect(String(error)).toMatch(/NtRemoveIoCompletionEx/);
      }
    }
    expect(words).toEqual(['skt writable']);
    end();
  });

  test('packets without an event do not lengthen a wait', () => {
    const { sim, kernel, udp, poller, end } = setUp();
    const id = poller.add(udp(), {}, 'skt');
    const remote = createRemote(poller.remoteData(), kernel);
    const chatter = () => {
      remote.modify(id, {});
      if (sim.nowMs() < 5_000) sim.at(sim.nowMs() + 0.5, chatter);
    };
    sim.at(0, chatter);
    expect(poller.wait(10).isTimedOut).toBe(true);
    expect(sim.nowMs()).toBeLessThan(20);
    sim.advance(6_000);
    remote.close();
    end();
  });

  test('a clock that returns an invalid time ends a wait and a close', () => {
    let isBad = false;
    const { udp, poller, end } = setUp({ now: () => (isBad ? Number.NaN : 0) });
    poller.add(udp(), { readable: true }, 'skt');
    poller.wait(0);
    isBad = true;
    expect(poller.wait(1_000).isTimedOut).toBe(true);
    end();
  });

  test('endless posts do not starve a socket', () => {
    const { udp, poller, end } = setUp();
    poller.add(udp(), { writable: true }, 'socket');
    const one = new PollEvents<string>(1);
    let reported = 0;
    for (let round = 0; round < 100; round += 1) {
      poller.post(1);
      for (const event of poller.wait(0, one)) if (event.kind === 'socket') reported += 1;
    }
    // More packets are posted than delivered. Packets are removed from the port in their order.
    expect(reported).toBeGreaterThan(5);
    end();
  });

  test('more ready sockets than the list holds are reported in turn with each preset', () => {
    const { udp, poller, end } = setUp();
    for (let index = 0; index < 10; index += 1) poller.add(udp(), { writable: true }, `${index}`);
    const list = new PollEvents<string>(3);
    const reported = new Map<string, number>();
    for (let round = 0; round < 40; round += 1) {
      for (const word of inWords(poller.wait(0, list)))
        reported.set(word, (reported.get(word) ?? 0) + 1);
    }
    expect(reported.size).toBe(10);
    expect(Math.min(...reported.values())).toBeGreaterThanOrEqual(6);
    end();
  });

  test('a socket that is closing cannot be added', () => {
    const { udp, poller, end } = setUp();
    const skt = udp();
    const refused: unknown[] = [];
    skt.watch({
      onClose: () => {
        try {
          poller.add(skt, { readable: true }, 'late');
        } catch (error) {
          refused.push((error as { code: string }).code);
        }
      },
    });
    skt.close();
    expect(refused).toEqual(['ERR_SKT_CLOSED']);
    expect(poller.inspect()).toMatchObject({
      registrations: 0,
      blocks: { ours: 0, kernelOwned: 0 },
    });
    end();
  });

  test('a socket that is added before its connect is polled again when the connect starts', () => {
    const { kernel, creator, skts, poller, end } = setUp();
    const listener = creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
    const { host, port } = listener.localEndpoint();
    const client = creator.fromAddress(new TCPClientAddress(host, port));
    skts.push(listener, client);
    poller.add(client, { connected: true }, 'client');
    expect(inWords(poller.wait(0))).toEqual([]);
    const { cancelled } = poller.inspect();
    client.connect();
    expect(inWords(poller.wait(50))).toEqual(['client connected']);
    expect(poller.inspect().cancelled).toBe(cancelled + 1);
    expect(kernel).toBeDefined();
    end();
  });

  test('a socket that reuses the handle of one closed by closesocket is polled', () => {
    const { kernel, udp, skts, poller, end } = setUp();
    const lost = udp();
    poller.add(lost, { readable: true, localClosed: true }, 'lost');
    poller.wait(0);
    const { socket } = lost;
    kernel.closesocket(socket);
    // NT reuses the lowest free handle value.
    const next = udp();
    expect(next.socket).toBe(socket);
    poller.add(next, { writable: true }, 'next');
    const words = [...inWords(poller.wait(50)), ...inWords(poller.wait(50))];
    expect(words).toContain('lost localClosed');
    expect(words).toContain('next writable');
    expect(words.filter((word) => word.startsWith('lost'))).toHaveLength(1);
    expect(poller.inspect().registrations).toBe(1);
    expect(poller.has(lost)).toBe(false);
    poller.remove(next);
    // Closing the first socket also closes the handle of the other one, which has the same value.
    skts.splice(skts.indexOf(next), 1);
    lost.close();
    expect(() => next.close()).toThrowError(/WSAENOTSOCK/);
    end();
  });
});

test('a failure to open an AFD handle leaks nothing', () => {
  const { sim, kernel } = failing();
  const creator = createSocketCreator(kernel);
  const broken: Kernel = { ...kernel, NtCreateFile: () => STATUS_INSUFFICIENT_RESOURCES };
  const poller = pollerOf('single', { kernel: broken });
  const skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
  for (let round = 0; round < 5; round += 1) {
    expect(() => poller.add(skt, {})).toThrowError(/NtCreateFile/);
  }
  expect(poller.inspect()).toMatchObject({ registrations: 0, afdHandles: 0, blocks: { ours: 0 } });
  poller.close();
  const group = pollerOf('batched', { kernel: broken });
  expect(() => group.add(skt, {})).toThrowError(/NtCreateFile/);
  expect(group.inspect()).toMatchObject({ registrations: 0, afdHandles: 0, blocks: { bytes: 0 } });
  group.close();
  skt.close();
  expect(sim).toMatchObject({ violations: [], handles: 0, memory: { blocks: 0 } });
});
