import { testSocketMisuses } from './misuse.js';

// What calls nothing is refused on any host.
testSocketMisuses(({ isNative }) => !isNative);
