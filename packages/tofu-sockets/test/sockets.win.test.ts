import { hostProfile } from 'test-kit';
import { describe } from 'vitest';
import { testSocketMisuses } from './misuse.js';

// Sockets of each kind. Under Wine a process starts more slowly than the tests of one module run,
// so these modules share one. Their hooks apply inside their own blocks.
describe('create', async () => void (await import('./create.js')));
describe('skt', async () => void (await import('./skt.js')));
describe('accept and connect', async () => void (await import('./accept-connect.js')));
describe('data', async () => void (await import('./data.js')));
describe('UDP', async () => void (await import('./udp.js')));
describe('AF_UNIX', async () => void (await import('./uds.js')));

// On a host with AF_UNIX these calls are valid.
const hasUnix = hostProfile().afUnix.isPresent;
testSocketMisuses(({ code, isNative }) => isNative && !(hasUnix && code === 'ERR_SKT_UNSUPPORTED'));
