import { runSimulatedCases } from './simulated-cases.js';

// Every suite in every mode on the simulated kernel.
runSimulatedCases(() => true);
