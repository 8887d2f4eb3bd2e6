import { describe } from 'vitest';
import { host } from './cli.js';
import { testFailedStarts } from './failing-wine.js';
import { reason } from './sabotage.js';

// One exit code of each kind; failed-start.siege.test.ts has the others.

describe.skipIf(host.kind !== 'wine')(`a program that Wine does not start ${reason}`, () => {
  testFailedStarts({
    once: [0],
    signals: [['arrives between the two starts', 'once slow']],
    isServerEnded: true,
    started: [['exits with 5', 'process.exit(5)', [], 5]],
    options: [],
    always: [[0x42, 0x42, '0xC0000142 STATUS_DLL_INIT_FAILED']],
  });
});
