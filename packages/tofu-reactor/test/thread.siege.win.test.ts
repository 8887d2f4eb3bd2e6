import { hostProfile } from 'test-kit';
import { describe } from 'vitest';
import { runRealCases } from './real-cases.js';

const { afUnix } = hostProfile();

// Each case starts and ends a thread.
runRealCases('IP', 'thread');

describe.skipIf(!afUnix.isPresent)(`over AF_UNIX ${afUnix.reason}`, () =>
  runRealCases('AF_UNIX', 'thread'),
);
