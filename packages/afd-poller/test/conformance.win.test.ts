import { crossSection, hostProfile } from 'test-kit';
import { describe } from 'vitest';
import { conform } from './conformance.js';
import { presetNames } from './pollers.js';
import { realHost } from './real-host.js';

// Each case runs with one preset, which differs between the builds. The siege and the tests on the
// simulated kernel run every case with every preset.
const { afUnix } = hostProfile();

conform('IP', () => realHost, crossSection(presetNames));

describe.skipIf(!afUnix.isPresent)(`over AF_UNIX ${afUnix.reason}`, () =>
  conform('AF_UNIX', () => realHost, crossSection(presetNames)),
);
