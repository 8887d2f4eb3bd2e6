import { misuses, testMisuses } from './misuse.js';

// Those on whose way NT is asked for something.
testMisuses(misuses.filter(({ isNative }) => isNative));
