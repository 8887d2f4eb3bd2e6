import { AfdPoller, PollEvents } from 'afd-poller';
import { afterEach, describe, expect, test } from 'vitest';
import { Crowd, registerCrowd } from './crowd.js';

const crowd = new Crowd();
afterEach(() => crowd.close());

describe.each(['self', 'helper', 'group'] as const)('%s', (way) => {
  test('S02 a thousand sockets ready at once, batches of 64: each token once', () => {
    const poller = new AfdPoller<number>({ way, allowMainThread: true });
    const sender = crowd.udp();
    for (let token = 0; token < 1_000; token += 1) {
      const skt = crowd.udp();
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

  test('five hundred registered sockets: add, poll, tell the right one, close', () => {
    registerCrowd(crowd, way, 500);
  });
});
