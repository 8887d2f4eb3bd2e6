import { PollEvents } from 'afd-poller';
import { createPoller, verifyPoller } from 'afd-poller/internal';
import { createSimNt } from 'sim-nt';
import { type DatagramSkt, UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';
import { inWords } from './fixture.js';
import { pollerOf, presetNames, socketEvents } from './pollers.js';

// G06: calls from within the handling of a list of events. G07: reuse.

describe.each(presetNames)('%s', (preset) => {
  /** Creates eight sockets that are always writable, and the events of one wait. */
  const batch = () => {
    const sim = createSimNt({ seed: 1 });
    const { kernel, nowMs: now } = sim;
    const creator = createSocketCreator(kernel);
    const poller = pollerOf<number>(preset, { kernel, now, allowMainThread: true });
    const skts = Array.from({ length: 8 }, (_, token): DatagramSkt => {
      const skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
      poller.add(skt, { writable: true }, token);
      return skt;
    });
    const events = poller.wait(50);
    expect(events).toHaveLength(8);
    const end = () => {
      poller.close();
      for (const skt of skts) skt.close();
      expect(sim).toMatchObject({ violations: [], pending: 0, handles: 0, memory: { blocks: 0 } });
    };
    return { sim, poller, skts, events, end };
  };

  test('G06 a wait into another list, during an iteration, leaves the iteration unchanged', () => {
    const { poller, events, end } = batch();
    const inner = new PollEvents<number>(16);
    const tokens: number[] = [];
    for (const { token } of socketEvents(events)) {
      tokens.push(token);
      expect(poller.wait(0, inner)).toHaveLength(8);
      verifyPoller(poller);
    }
    expect(tokens.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    end();
  });

  test('G06 a wait into the list that is being read: the iteration continues in the new events', () => {
    const { poller, events, end } = batch();
    let turns = 0;
    for (const _event of socketEvents(events)) {
      turns += 1;
      if (turns === 1) poller.wait(0, events);
      verifyPoller(poller);
    }
    expect(turns).toBe(8);
    end();
  });

  test('G06 removing every second socket of a batch drops its events', () => {
    const { poller, skts, events, end } = batch();
    const tokens: number[] = [];
    for (const { token } of socketEvents(events)) {
      tokens.push(token);
      for (const [other, skt] of skts.entries()) {
        if (other !== token && poller.has(skt)) poller.remove(skt);
      }
      verifyPoller(poller);
    }
    expect(tokens).toHaveLength(1);
    expect([...socketEvents(poller.wait(50))].map(({ token }) => token)).toEqual(tokens);
    end();
  });

  test('G06 after close an iteration skips its other events, and the poller refuses each call', () => {
    const { poller, skts, events, end } = batch();
    let turns = 0;
    for (const _event of socketEvents(events)) {
      turns += 1;
      poller.close();
    }
    expect(turns).toBe(1);
    const closed = expect.objectContaining({ code: 'ERR_POLLER_CLOSED' });
    expect(() => poller.wait(0)).toThrowError(closed);
    expect(() => poller.remove(skts[0] as DatagramSkt)).toThrowError(closed);
    end();
  });

  test('G06 after an exception in the loop over events the next wait reports its events', () => {
    const { poller, events, end } = batch();
    expect(() => {
      for (const { token } of socketEvents(events)) if (token === 3) throw new Error('on purpose');
    }).toThrowError('on purpose');
    verifyPoller(poller);
    expect(poller.wait(50)).toHaveLength(8);
    end();
  });

  test('G07 work within a wait does not lengthen it', () => {
    const sim = createSimNt({ seed: 1 });
    const kernel = {
      ...sim.kernel,
      NtDeviceIoControlFile: (...args: Parameters<typeof sim.kernel.NtDeviceIoControlFile>) => {
        sim.advance(30);
        return sim.kernel.NtDeviceIoControlFile(...args);
      },
    };
    const skt = createSocketCreator(kernel).fromAddress(new UDPAddress('127.0.0.1', 0));
    const poller = pollerOf<string>(preset, { kernel, now: sim.nowMs, allowMainThread: true });
    poller.add(skt, { readable: true }, 'skt');
    expect(inWords(poller.wait(50))).toEqual([]);
    expect(sim.nowMs()).toBe(50);
    poller.close();
    skt.close();
  });
});

test('closing the poller during an iteration does not free memory that its events show', () => {
  const { kernel, nowMs: now } = createSimNt({ seed: 1 });
  const poller = createPoller<string>({ kernel, now, allowMainThread: true });
  poller.post(1, 2);
  const events = poller.wait(0);
  poller.close();
  expect([...events]).toMatchObject([{ kind: 'post', type: 1, value: 2 }]);
});
