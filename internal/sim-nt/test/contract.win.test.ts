import { readFileSync } from 'node:fs';
import { nativeMemory, ntKernel } from 'ntdllx';
import type { ProfileName } from 'sim-nt';
import { describe, expect, test } from 'vitest';
import { allContracts } from './contract/all.js';
import { Environment } from './contract/environment.js';

// The setup wrote down what this host is, and every test run holds that against the host.
const facts = JSON.parse(
  readFileSync(new URL('../../../.host-facts.json', import.meta.url), 'utf8'),
) as { kind: string; wine?: string };

function readProfile(): ProfileName {
  if (facts.kind === 'windows') return 'windows';
  const major = Number(/^wine-(\d+)/.exec(facts.wine ?? '')?.[1]);
  if (!(major >= 8)) throw new Error(`No profile for ${JSON.stringify(facts.wine)}.`);
  return major < 10 ? 'wine8' : 'wine10';
}

const profile = readProfile();
/** 1601 to 1970, in 100 ns. */
const unixEpoch100ns = 116_444_736_000_000_000n;

describe(`the real kernel, as ${profile}`, () => {
  for (const [group, list] of Object.entries(allContracts)) {
    test.each(list)(`${group}: $name`, { timeout: 30_000 }, async ({ run }) => {
      const env = new Environment({
        kernel: ntKernel,
        profile,
        settle: (limitMs) => new Promise((done) => setTimeout(done, limitMs)),
        systemTime100ns: () => unixEpoch100ns + BigInt(Date.now()) * 10_000n,
      });
      try {
        await run(env);
      } finally {
        env.close();
      }
      expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
    });
  }
});
