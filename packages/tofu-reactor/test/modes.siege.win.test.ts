import { hostProfile } from 'test-kit';
import { describe } from 'vitest';
import { runRealCases } from './real-cases.js';

const { afUnix } = hostProfile();

// Every case in the modes of which npm test runs only some cases. In the mode `thread` each case
// starts and ends a thread.
for (const mode of ['blocking', 'thread'] as const) {
  runRealCases('IP', mode);

  describe.skipIf(!afUnix.isPresent)(`over AF_UNIX ${afUnix.reason}`, () =>
    runRealCases('AF_UNIX', mode),
  );
}
