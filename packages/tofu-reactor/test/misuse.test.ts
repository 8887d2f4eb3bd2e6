import { testReactorMisuses } from './misuse.js';

// All of them, on any host, on the simulated kernel.
testReactorMisuses(() => true);
