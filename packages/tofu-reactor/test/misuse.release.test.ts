import { testReactorMisuses } from './misuse.js';

// All cases, on the simulated kernel, on any host.
testReactorMisuses(() => true);
