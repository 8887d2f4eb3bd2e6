import { hostProfile } from 'test-kit';
import { testSocketMisuses } from './misuse.js';

// Where there is AF_UNIX these are no misuses.
const hasUnix = hostProfile().afUnix.isPresent;
testSocketMisuses(({ code, isNative }) => isNative && !(hasUnix && code === 'ERR_SKT_UNSUPPORTED'));
