import { nativeMemory } from 'ntdllx';
import { HeartbeatServer } from 'poc-stage5-reactor';
import { afterEach, expect, test } from 'vitest';
import { failure } from './failure.js';

// A server that is broken on purpose; broken.siege.win.test.ts has another one.

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('broken on purpose: a lost heartbeat is reported as missing', async () => {
  class Lossy extends HeartbeatServer {
    #beats = 0;
    protected override beat(client: number): boolean {
      this.#beats += 1;
      return this.#beats === 500 || super.beat(client);
    }
  }
  const reason = await failure(Lossy);
  const [, expected, saw] =
    /^heartbeats received by the clients: expected (\d+), saw (\d+)$/.exec(reason) ?? [];
  expect([reason, Number(saw)]).toEqual([reason, Number(expected) - 1]);
});
