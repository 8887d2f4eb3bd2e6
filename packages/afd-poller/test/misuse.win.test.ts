import { testPollerMisuses } from './misuse.js';

// Those on whose way NT is asked for something.
testPollerMisuses(({ isNative }) => isNative);
