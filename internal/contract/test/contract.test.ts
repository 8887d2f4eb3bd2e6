import { createSimNt } from 'sim-nt';
import { describe, expect, test } from 'vitest';
import { allContracts } from './contract/all.js';
import { Environment } from './contract/environment.js';

const kernels = (['wine8', 'wine10', 'windows'] as const).flatMap((profile) =>
  (['eager', 'lazy'] as const).map((network) => ({ profile, network })),
);

describe.each(kernels)('$profile, $network', ({ profile, network }) => {
  for (const [group, list] of Object.entries(allContracts)) {
    test.each(list)(`${group}: $name`, async ({ run }) => {
      for (let seed = 0; seed < (network === 'lazy' ? 10 : 3); seed += 1) {
        const sim = createSimNt({ seed, profile: profile, network });
        const env = new Environment({
          kernel: sim.kernel,
          expected: sim.profile.name,
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
