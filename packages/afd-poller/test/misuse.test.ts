import { misuses, testMisuses } from './misuse.js';

// All of them, on any host, on the simulated kernel.
testMisuses(misuses);
