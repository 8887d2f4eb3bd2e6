import { PollEvents } from 'afd-poller';
import { nativeMemory } from 'ntdllx';
import type { DatagramSkt } from 'tofu-sockets';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Crowd, registerCrowd } from './crowd.js';
import { pollerOf, presetNames, tokensOf } from './pollers.js';

const crowd = new Crowd();
afterEach(() => crowd.close(readyMemory));

// Creating sockets is the most expensive part, so all tests share these. Each has a datagram that
// is never received, so that it is ready for every poller.
const readyCrowd = new Crowd();
let ready: readonly DatagramSkt[] = [];
let readyMemory: ReturnType<typeof nativeMemory> | undefined;
beforeAll(() => {
  const sender = readyCrowd.udp();
  ready = Array.from({ length: 1_000 }, () => readyCrowd.udp());
  for (const skt of ready) sender.sendTo(Buffer.from('x'), skt.localEndpoint());
  readyMemory = nativeMemory();
});
afterAll(() => readyCrowd.close());

describe.each(presetNames)('%s', (preset) => {
  test('S02 a thousand sockets that are ready at once are each reported once', () => {
    const poller = pollerOf<number>(preset, { allowMainThread: true });
    for (const [token, skt] of ready.entries()) {
      poller.add(skt, { readable: true, mode: 'oneshot' }, token);
    }
    const batch = new PollEvents<number>(64);
    const tokens: number[] = [];
    while (tokens.length < 1_000 && poller.wait(2_000, batch).length > 0) {
      tokens.push(...tokensOf(batch));
    }
    expect(tokens).toHaveLength(1_000);
    expect(new Set(tokens).size).toBe(1_000);
    expect(poller.wait(20, batch).length).toBe(0);
    poller.close();
  });
});

// The siege registers ten thousand with each preset.
test('of five hundred registered sockets exactly the ready one is reported [batched]', () => {
  registerCrowd(crowd, 'batched', 500);
});
