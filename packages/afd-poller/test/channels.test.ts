import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { AfdPoller, channels, PollerError, type RequestMessage, type WayName } from 'afd-poller';
import { createSimNt } from 'sim-nt';
import { type Skt, SocketCreator, UDPAddress } from 'tofu-sockets';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

// What a poller tells on node:diagnostics_channel, on the simulated kernel.

type Heard = readonly [name: string, message: Record<string, unknown>];

const byte = Buffer.from('x');

describe.each(['self', 'helper', 'group'] as WayName[])('%s', (way) => {
  const heard: Heard[] = [];
  const listener = (message: unknown, name: string | symbol) => {
    heard.push([String(name), message as Record<string, unknown>]);
  };
  const { kernel, nowMs } = createSimNt({ seed: 7 });
  let poller: AfdPoller<string>;
  let skt: Skt;
  let sender: Skt;

  beforeEach(() => {
    const creator = new SocketCreator(kernel);
    skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
    sender = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
    poller = new AfdPoller<string>({ way, kernel, now: nowMs, allowMainThread: true });
    for (const { name } of Object.values(channels)) subscribe(name, listener);
  });

  afterEach(() => {
    for (const { name } of Object.values(channels)) unsubscribe(name, listener);
    poller.close();
    skt.close();
    sender.close();
    heard.length = 0;
  });

  const named = (name: string) => heard.filter(([each]) => each === name).map(([, said]) => said);

  test('a request, its end, a wake, a cancel and the close, with names', () => {
    const id = poller.add(skt, { receive: true });
    poller.wait(0);
    const [submit] = named('afd-poller:submit') as unknown as RequestMessage[];
    expect(submit).toMatchObject({ way, status: 'STATUS_PENDING' });
    const asked = ['RECEIVE', 'DISCONNECT', 'ABORT', 'LOCAL_CLOSE', 'CONNECT_FAIL'];
    expect(submit?.sockets).toEqual([{ id, skt, events: asked }]);

    sender.sendTo(byte, skt.localEndpoint());
    expect([...poller.wait(1_000)].length).toBe(1);
    const [complete] = named('afd-poller:complete') as unknown as RequestMessage[];
    expect(complete).toMatchObject({ way, status: 'STATUS_SUCCESS', port: submit?.port });
    expect(complete?.apcContext).toBe(submit?.apcContext);
    expect(complete?.sockets).toEqual([{ id, skt, events: ['RECEIVE'] }]);

    poller.wake(5);
    poller.wake(2);
    poller.wait(0);
    expect(named('afd-poller:wake')).toEqual([{ port: submit?.port, bits: 7 }]);

    skt.recvFrom(Buffer.alloc(1));
    while (poller.inspect().pending === 0) poller.wait(0);
    poller.remove(skt);
    expect(named('afd-poller:cancel')).toEqual([
      { port: submit?.port, way, id, skt, status: 'STATUS_SUCCESS' },
    ]);
    poller.close();
    const ended = named('afd-poller:complete').at(-1);
    expect(ended).toMatchObject({ status: 'STATUS_CANCELLED', sockets: [] });
    expect(named('afd-poller:close')).toEqual([{ port: submit?.port, registrations: 0, held: 0 }]);
  });

  test('a subscriber that calls a poller is refused, and nothing is out of order', () => {
    const refused: unknown[] = [];
    const meddler = () => {
      for (const call of [() => poller.remove(skt), () => poller.wait(0), () => poller.close()]) {
        try {
          call();
        } catch (error) {
          refused.push(error);
        }
      }
    };
    const { name } = channels.submit;
    subscribe(name, meddler);
    try {
      poller.add(skt, { receive: true });
      poller.wait(0);
    } finally {
      unsubscribe(name, meddler);
    }
    expect(refused).toHaveLength(3);
    for (const error of refused) {
      expect(error).toBeInstanceOf(PollerError);
      expect(error).toMatchObject({ code: 'ERR_POLLER_REENTERED' });
    }
    poller.verify();
    sender.sendTo(byte, skt.localEndpoint());
    expect([...poller.wait(1_000)].map((event) => event.skt)).toEqual([skt]);
  });
});
