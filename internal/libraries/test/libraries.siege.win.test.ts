import { hostProfile } from 'test-kit';
import { describe, test } from 'vitest';
import { scenarios } from './all.js';
import { compare, compareOverFile } from './compare.js';

const { afUnix } = hostProfile();

test.each(scenarios)('$name sees the same on the reactor as on node:net', compare);

describe.skipIf(!afUnix.isPresent)(`over AF_UNIX ${afUnix.reason}`, () => {
  test.each(scenarios)('$name sees the same over a file', compareOverFile);
});
