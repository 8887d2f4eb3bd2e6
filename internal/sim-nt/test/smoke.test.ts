import { createSimNt, type ProfileName } from 'sim-nt';
import { wouldBlock } from 'tofu-sockets';
import { describe, expect, test } from 'vitest';
import { Environment } from './contract/environment.js';

describe.each(['eager', 'lazy'] as const)('%s', (network) => {
  test('a connection, there and back, and nothing is left', async () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const sim = createSimNt({ seed, network });
      const env = new Environment({
        kernel: sim.kernel,
        profile: 'wine8' as ProfileName,
        settle: async (ms) => sim.advance(ms),
        systemTime100ns: sim.systemTime100ns,
      });
      const { client, server } = await env.pair();
      expect(await env.bits(client)).toBe(0x44);
      client.send(Buffer.from('hello'));
      expect(await env.bits(server, 1)).toBe(1);
      const buffer = Buffer.alloc(16);
      let count = 0;
      while (count < 5) {
        const some = server.recv(buffer.subarray(count));
        if (some === wouldBlock) sim.step();
        else count += some;
      }
      expect(buffer.toString('latin1', 0, count)).toBe('hello');
      client.close();
      sim.advance(1);
      expect(await env.bits(server)).toBe(0x4c);
      env.close();
      expect(sim.violations).toEqual([]);
      expect([sim.pending, sim.handles, sim.memory.blocks]).toEqual([0, 0, 0]);
    }
  });
});
