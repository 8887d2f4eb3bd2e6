/**
 * Measures the engine beside `node:net` and a blocking peer. `main` is the command; this is what its
 * tests use.
 *
 * @packageDocumentation
 */
export { ways } from './contestants.js';
export { callsPerMessage, countCalls } from './counting-kernel.js';
export { EngineServer } from './engine-server.js';
export { median, ratios, summarize } from './statistics.js';
export { workloads } from './workloads.js';
