import { misuses, testMisuses } from './misuse.js';
import { isWine } from './sockets.js';

// Windows has AF_UNIX: there these are no misuses.
const isThere = (code: string) => isWine || code !== 'ERR_SKT_UNSUPPORTED';
testMisuses(misuses.filter(({ code, isNative }) => isNative && isThere(code)));
