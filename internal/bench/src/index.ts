/**
 * Measures the engine beside `node:net` and a blocking server. `main` is the command; these
 * exports are for its tests.
 *
 * @packageDocumentation
 */
export { readArguments, UsageError } from './arguments.js';
export { compare, compareReport } from './compare.js';
export { callsPerMessage, countCalls } from './counting-kernel.js';
export { EngineServer } from './engine-server.js';
export { findGenerator, type Generator, Loader } from './generator.js';
export { type Allocation, LoadedPoller } from './js-per-event.js';
export { allocationFlags, eventsScript } from './measure-engine.js';
export { createNoCostKernel } from './no-cost-kernel.js';
export { RelayCounter } from './relay.js';
export { report } from './report.js';
export type { Results } from './results.js';
export { median, ratios, summarize } from './statistics.js';
export { defaultPreset, type PresetName, presetNames } from './subjects.js';
export { type Target, targetsOf, targetTable } from './targets.js';
export { workloads } from './workloads.js';
