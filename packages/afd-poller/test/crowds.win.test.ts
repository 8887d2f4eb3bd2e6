import { AfdPoller, PollEvents } from 'afd-poller';
import { nativeMemory } from 'ntdllx';
import { type Skt, SocketCreator, UDPAddress } from 'tofu-sockets';
import { afterEach, describe, expect, test } from 'vitest';

const creator = new SocketCreator();
const skts: Skt[] = [];

function udp(): Skt {
  const skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
  skts.push(skt);
  return skt;
}

afterEach(() => {
  for (const skt of skts.splice(0)) skt.close();
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

// Seconds on a calm machine; ten thousand sockets at a wineserver that has others to serve take longer.
const limit = { timeout: 120_000 };

describe.each(['self', 'helper', 'group'] as const)('%s', limit, (way) => {
  test('S02 a thousand sockets ready at once, batches of 64: each token once', () => {
    const poller = new AfdPoller<number>({ way, allowMainThread: true });
    const sender = udp();
    for (let token = 0; token < 1_000; token += 1) {
      const skt = udp();
      sender.sendTo(Buffer.from('x'), skt.localEndpoint());
      poller.add(skt, { receive: true, mode: 'oneshot' }, token);
    }
    const batch = new PollEvents<number>(64);
    const tokens: number[] = [];
    while (tokens.length < 1_000 && poller.wait(2_000, batch).length > 0) {
      for (const { token } of batch) tokens.push(token as number);
    }
    expect(tokens).toHaveLength(1_000);
    expect(new Set(tokens).size).toBe(1_000);
    expect(poller.wait(20, batch).length).toBe(0);
    poller.close();
  });

  test('ten thousand registered sockets: add, poll, tell the right one, close', () => {
    const poller = new AfdPoller<number>({ way, allowMainThread: true });
    for (let token = 0; token < 10_000; token += 1) poller.add(udp(), { receive: true }, token);
    expect(poller.wait(0).length).toBe(0);
    expect(poller.inspect()).toMatchObject({ registrations: 10_000, pending: 10_000 });
    const sender = udp();
    for (const token of [0, 4_999, 9_999]) {
      const skt = skts[token] as Skt;
      sender.sendTo(Buffer.from('x'), skt.localEndpoint());
      const told = [...poller.wait(5_000)].map((event) => event.token);
      expect(told).toEqual([token]);
      skt.recvFrom(Buffer.alloc(4));
    }
    poller.verify();
    poller.close();
    expect(poller.inspect()).toMatchObject({ pending: 0 });
  });
});
