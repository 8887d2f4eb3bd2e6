import { conformSimulated } from './simulated-conformance.js';

// Every case with every preset on the simulated kernel.
conformSimulated();
