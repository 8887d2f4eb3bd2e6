import { testPollerMisuses } from './misuse.js';

// All cases, on the simulated kernel, on any host.
testPollerMisuses(() => true);
