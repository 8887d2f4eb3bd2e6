import { nativeMemory, ntKernel } from 'ntdllx';
import { hostProfile } from 'test-kit';
import { describe, expect, test } from 'vitest';
import { contractsOver } from './contract/all.js';
import type { Over } from './contract/contract.js';
import { Environment } from './contract/environment.js';

const { kernel: expected, afUnix } = hostProfile();
/** The time from 1601 to 1970, in 100 ns. */
const unixEpoch100ns = 116_444_736_000_000_000n;

function runAll(over: Over): void {
  for (const [group, list] of contractsOver(over)) {
    test.each(list)(`${group}: $name`, { timeout: 30_000 }, async ({ run }) => {
      const env = new Environment({
        kernel: ntKernel,
        expected,
        over,
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
}

describe(`the real kernel, as ${expected}`, () => runAll('IP'));

describe.skipIf(!afUnix.isPresent)(
  `the real kernel, as ${expected}, over AF_UNIX ${afUnix.reason}`,
  () => runAll('AF_UNIX'),
);
