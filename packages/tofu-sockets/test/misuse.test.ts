import { testSocketMisuses } from './misuse.js';

// These cases are refused before any call to Windows, so they run on any host.
testSocketMisuses(({ isNative }) => !isNative);
