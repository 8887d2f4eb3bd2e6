import { testThreads } from './threads.js';

// Every test with every preset.
testThreads();
