import { describe } from 'vitest';
import { host } from './cli.js';
import { testFailedStarts } from './failing-wine.js';
import { reason } from './sabotage.js';

// The other exit codes; failed-start.test.ts has one of each kind.

describe.skipIf(host.kind !== 'wine')(`a program that Wine does not start ${reason}`, () => {
  testFailedStarts({
    once: [5, 0x42],
    signals: [['comes while what did not start ends', 'once deaf']],
    isServerEnded: false,
    started: [
      ['exits with 0, and calls no listener', 'process.reallyExit(0)', [], 0],
      ['may write nothing, and exits with 5', 'process.exit(5)', ['--permission'], 5],
      ['may write nothing, and ends', '', ['--experimental-permission'], 0],
    ],
    options: [
      ['an option that Node refuses', ['--bad-option'], 9],
      ['an option that is done early', ['-v'], 0],
    ],
    always: [
      [0, 1, 'it ended before it ran anything, and Wine says 0'],
      [5, 5, '0xC0000005 STATUS_ACCESS_VIOLATION'],
    ],
  });
});
