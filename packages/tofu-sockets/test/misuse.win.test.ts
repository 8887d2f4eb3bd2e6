import { hostProfile } from 'test-kit';
import { testSocketMisuses } from './misuse.js';

// On a host with AF_UNIX these calls are valid.
const hasUnix = hostProfile().afUnix.isPresent;
testSocketMisuses(({ code, isNative }) => isNative && !(hasUnix && code === 'ERR_SKT_UNSUPPORTED'));
