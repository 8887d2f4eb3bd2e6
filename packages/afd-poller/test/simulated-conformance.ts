import { createSimNt, type ProfileName } from 'sim-nt';
import { describe, expect } from 'vitest';
import { conform } from './conformance.js';
import type { Over } from './fixture.js';
import type { PresetName } from './pollers.js';

// The conformance cases on the simulated kernel, with the behaviour of Wine and with the cited
// behaviour of Windows.
const networks = ['eager', 'lazy'] as const;
const suites: readonly (readonly [Over, readonly ProfileName[]])[] = [
  ['IP', ['wine8', 'wine10', 'windows']],
  ['AF_UNIX', ['wine11', 'windows']],
];

/** Runs cases in each profile and on each kind of network. `isChosen` is that of `conform`. */
export function conformSimulated(isChosen?: (preset: PresetName) => boolean): void {
  for (const [over, profiles] of suites) {
    for (const profile of profiles) {
      for (const network of networks) {
        describe(`simulated ${profile}, ${network}, over ${over}`, () => {
          conform(over, () => simulatedHost(profile, network), isChosen);
        });
      }
    }
  }
}

function simulatedHost(profile: ProfileName, network: (typeof networks)[number]) {
  const sim = createSimNt({ seed: 20_261_122, profile, network });
  return {
    name: `sim-nt ${profile}`,
    expected: profile,
    kernel: sim.kernel,
    now: sim.nowMs,
    sleep: (ms: number) => sim.advance(ms),
    verify: () => {
      expect(sim.violations).toEqual([]);
      expect(sim).toMatchObject({ pending: 0, handles: 0, memory: { blocks: 0 } });
    },
  };
}
