import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type AfdPoller, diagnosticsChannels, type RequestMessage } from 'afd-poller';
import { verifyPoller } from 'afd-poller/internal';
import { createSimNt } from 'sim-nt';
import { type DatagramSkt, UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pollerOf, presetNames } from './pollers.js';

// Tests of a poller's messages on node:diagnostics_channel, on the simulated kernel.

type Published = readonly [name: string, message: Record<string, unknown>];

const byte = Buffer.from('x');

describe.each(presetNames)('%s', (preset) => {
  const published: Published[] = [];
  const listener = (message: unknown, name: string | symbol) => {
    published.push([String(name), message as Record<string, unknown>]);
  };
  const { kernel, nowMs } = createSimNt({ seed: 7 });
  let poller: AfdPoller<string>;
  let skt: DatagramSkt;
  let sender: DatagramSkt;

  beforeEach(() => {
    const creator = createSocketCreator(kernel);
    skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
    sender = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
    poller = pollerOf<string>(preset, { kernel, now: nowMs, allowMainThread: true });
    for (const { name } of Object.values(diagnosticsChannels)) subscribe(name, listener);
  });

  afterEach(() => {
    for (const { name } of Object.values(diagnosticsChannels)) unsubscribe(name, listener);
    poller.close();
    skt.close();
    sender.close();
    published.length = 0;
  });

  const named = (name: string) =>
    published.filter(([each]) => each === name).map(([, each]) => each);

  test('the channels publish a request, its completion, a wake, a cancel and the close', () => {
    const id = poller.add(skt, { readable: true });
    poller.wait(0);
    const [submit] = named('afd-poller:submit') as unknown as RequestMessage[];
    expect(submit).toMatchObject({ status: 'STATUS_PENDING' });
    const requested = ['RECEIVE', 'DISCONNECT', 'ABORT', 'LOCAL_CLOSE', 'CONNECT_FAIL'];
    expect(submit?.sockets).toEqual([{ id, skt, events: requested }]);

    sender.sendTo(byte, skt.localEndpoint());
    expect([...poller.wait(1_000)].length).toBe(1);
    const [complete] = named('afd-poller:complete') as unknown as RequestMessage[];
    expect(complete).toMatchObject({ status: 'STATUS_SUCCESS', port: submit?.port });
    expect(complete?.apcContext).toBe(submit?.apcContext);
    expect(complete?.sockets).toEqual([{ id, skt, events: ['RECEIVE'] }]);

    poller.wake(5);
    poller.wake(2);
    poller.wait(0);
    expect(named('afd-poller:wake')).toEqual([{ port: submit?.port, bits: 7 }]);

    skt.recvFrom(Buffer.alloc(1));
    while (poller.inspect().pending === 0) poller.wait(0);
    poller.remove(skt);
    const [cancel] = named('afd-poller:cancel');
    expect(cancel).toMatchObject({ port: submit?.port, status: 'STATUS_SUCCESS' });
    const last = named('afd-poller:submit').at(-1);
    expect(cancel?.['apcContext']).toBe(last?.['apcContext']);
    expect(poller.inspect().cancelled).toBe(1);
    poller.close();
    const ended = named('afd-poller:complete').at(-1);
    expect(ended).toMatchObject({ status: 'STATUS_CANCELLED', sockets: [] });
    expect(named('afd-poller:close')).toEqual([{ port: submit?.port, registrations: 0, held: 0 }]);
  });

  // When a subscriber runs, the poller's state is consistent, so the subscriber may call any
  // function.
  test.each(Object.values(diagnosticsChannels).map(({ name }) => name))(
    'a subscriber of %s may close, remove, add and wait: the poller stays consistent',
    (name) => {
      const other = createSocketCreator(kernel).fromAddress(new UDPAddress('127.0.0.1', 0));
      let calls = 0;
      const meddler = () => {
        calls += 1;
        if (calls > 3 || !poller.inspect().isOpen) return;
        other.close();
        if (poller.has(skt)) poller.remove(skt);
        poller.wait(0);
        poller.add(skt, { readable: true });
        verifyPoller(poller);
      };
      subscribe(name, meddler);
      try {
        poller.add(skt, { readable: true });
        poller.add(other, { readable: true });
        poller.wait(0);
        sender.sendTo(byte, skt.localEndpoint());
        poller.wait(1_000);
        poller.wake(1);
        poller.wait(0);
        if (poller.has(skt)) poller.remove(skt);
        poller.wait(0);
        verifyPoller(poller);
      } finally {
        poller.close();
        unsubscribe(name, meddler);
        other.close();
      }
      expect(calls).toBeGreaterThan(0);
      expect(poller.inspect()).toMatchObject({ pending: 0, isOpen: false });
      expect(poller.inspect().blocks).toMatchObject({ ours: 0, kernelOwned: 0, bytes: 0 });
    },
  );
});
