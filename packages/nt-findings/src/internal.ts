/**
 * For this package's own tests. Not part of the API.
 *
 * @packageDocumentation
 */
export { answer } from './answer.js';
export { parseArguments } from './arguments.js';
export { findingsPage } from './page.js';
export { type Probes, probeAll } from './probe-findings.js';
export { type ObservedKernel, observedDirectory, readObserved, record } from './record.js';
export { findingsMarkdown, printedFinding, printedSummary } from './report.js';
