import { hostProfile } from 'test-kit';
import { describe } from 'vitest';
import { conform } from './conformance.js';
import { realHost } from './real-host.js';

// Every case with every preset on the real kernel.
const { afUnix } = hostProfile();

conform('IP', () => realHost);

describe.skipIf(!afUnix.isPresent)(`over AF_UNIX ${afUnix.reason}`, () =>
  conform('AF_UNIX', () => realHost),
);
