import { testPollerMisuses } from './misuse.js';

// The cases that make calls of NT.
testPollerMisuses(({ isNative }) => isNative);
