import { misuses, testMisuses } from './misuse.js';

// What calls nothing is refused on any host.
testMisuses(misuses.filter(({ isNative }) => !isNative));
