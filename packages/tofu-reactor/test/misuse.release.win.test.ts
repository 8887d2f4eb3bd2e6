import { testReactorMisuses } from './misuse.js';

// The cases that make calls of NT.
testReactorMisuses(({ isNative }) => isNative);
