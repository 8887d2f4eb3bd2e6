import { hostProfile } from 'test-kit';
import { describe } from 'vitest';
import { runRealCases } from './real-cases.js';

const { afUnix } = hostProfile();

// A thread is started and ended for each.
runRealCases('IP', 'thread');

describe.skipIf(!afUnix.isPresent)(`over AF_UNIX ${afUnix.reason}`, () =>
  runRealCases('AF_UNIX', 'thread'),
);
