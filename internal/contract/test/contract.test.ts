import { createSimNt } from 'sim-nt';
import { testedBuild } from 'test-kit';
import { describe, expect, test } from 'vitest';
import { contractsOver } from './contract/all.js';
import { Environment } from './contract/environment.js';

const profiles = {
  IP: ['wine8', 'wine10', 'windows'],
  AF_UNIX: ['wine11', 'windows'],
} as const;
const kernels = (['IP', 'AF_UNIX'] as const).flatMap((over) =>
  profiles[over].flatMap((profile) =>
    (['eager', 'lazy'] as const).map((network) => ({ over, profile, network })),
  ),
);

// Each seed gives another order in which segments and packets arrive. The debug build is slower, so
// it runs fewer seeds.
const seeds = testedBuild === 'release' ? { lazy: 6, eager: 2 } : { lazy: 3, eager: 1 };

describe.each(kernels)('$profile, $network, over $over', ({ over, profile, network }) => {
  for (const [group, list] of contractsOver(over)) {
    test.each(list)(`${group}: $name`, async ({ run }) => {
      for (let seed = 0; seed < seeds[network]; seed += 1) {
        const sim = createSimNt({ seed, profile, network });
        const env = new Environment({
          kernel: sim.kernel,
          expected: sim.profile.name,
          over,
          settle: async (limitMs) => sim.advance(limitMs),
          systemTime100ns: sim.systemTime100ns,
        });
        await run(env);
        env.close();
        sim.advance(100_000);
        expect(sim.violations, `seed ${seed}`).toEqual([]);
        expect([sim.pending, sim.handles, sim.memory]).toEqual([0, 0, { blocks: 0, bytes: 0 }]);
      }
    });
  }
});
