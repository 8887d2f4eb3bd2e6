import { hostProfile } from 'test-kit';
import { describe, test } from 'vitest';
import { scenarios } from './all.js';
import { compare, compareOverFile } from './compare.js';

const { afUnix } = hostProfile();

test.each(scenarios)(
  'the scenario $name has the same transcript on the reactor as on node:net',
  compare,
);

describe.skipIf(!afUnix.isPresent)(`over AF_UNIX ${afUnix.reason}`, () => {
  test.each(scenarios)('the scenario $name has the same transcript over a file', compareOverFile);
});
