import { describe } from 'vitest';
import { host } from './cli.js';
import { testFailedStarts } from './failing-wine.js';
import { reason } from './sabotage.js';

// The other exit codes; failed-start.test.ts has one of each kind.

describe.skipIf(host.kind !== 'wine')(`a program that Wine does not start ${reason}`, () => {
  testFailedStarts({
    once: [5, 0x42],
    signals: [['arrives while the failed start ends', 'once deaf']],
    isServerEnded: false,
    started: [
      ['exits with 0 without calling a listener', 'process.reallyExit(0)', [], 0],
      ['may not write files and exits with 5', 'process.exit(5)', ['--permission'], 5],
      ['may not write files and ends', '', ['--experimental-permission'], 0],
    ],
    options: [
      ['an option that Node rejects', ['--bad-option'], 9],
      ['an option with which Node exits early', ['-v'], 0],
    ],
    always: [
      [0, 1, 'Wine returned 0, but none of its code ran'],
      [5, 5, '0xC0000005 STATUS_ACCESS_VIOLATION'],
    ],
  });
});
