import { testReactorMisuses } from './misuse.js';

// Those on whose way NT is asked for something.
testReactorMisuses(({ isNative }) => isNative);
