import { testForeignCalls } from './foreign-calls.js';

// Every test with every preset.
testForeignCalls();
