import { createSimNt, type ProfileName } from 'sim-nt';
import { createReactor } from 'tofu-reactor/internal';
import { describe, expect } from 'vitest';
import { relayLoadCases } from './cases/relay-load.js';
import { type Route, relayCases } from './cases/relays.js';
import { runCases } from './reactor-cases.js';

// The proxy on the simulated kernel, between both kinds of sockets.
const suites: readonly (readonly [ProfileName, Route])[] = [
  ['windows', ['IP', 'AF_UNIX']],
  ['windows', ['AF_UNIX', 'IP']],
  ['wine11', ['AF_UNIX', 'AF_UNIX']],
  ['wine8', ['IP', 'IP']],
];

for (const [profile, route] of suites) {
  describe(`a proxy on simulated ${profile} from ${route.join(' to ')}`, () => {
    const host = { mode: 'blocking', over: route[0], isSimulated: true } as const;
    const make = () => {
      const sim = createSimNt({ seed: 20_261_130, profile, network: 'lazy' });
      const { kernel, nowMs: now } = sim;
      return {
        ...host,
        kernel,
        createReactor: (options: object) => createReactor({ ...options, kernel, now }),
        verify: () => {
          expect(sim.violations).toEqual([]);
          expect(sim).toMatchObject({ pending: 0, handles: 0, memory: { blocks: 0 } });
        },
      };
    };
    runCases(host, make, [relayCases(route), relayLoadCases(route)]);
  });
}
