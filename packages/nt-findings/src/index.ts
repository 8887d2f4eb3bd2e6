/**
 * The findings of `kb/FINDINGS.md`, each as a probe that can be repeated on this host: for the
 * command `nt-findings probe` and for the tests. Importing this module has no side effect.
 *
 * @packageDocumentation
 */
export { ProbeError, ProbeInterruptedError } from './errors.js';
export type {
  Expectation,
  Expected,
  Finding,
  FindingText,
  NotRun,
  See,
  Unspecified,
} from './finding.js';
export { findings } from './findings.js';
export {
  findHost,
  type Host,
  type HostKind,
  hostOf,
  type KernelName,
  kernelNames,
} from './host.js';
export { type Fact, findFinding, probeFinding } from './probe-finding.js';
export {
  type FindingRow,
  type FindingsReport,
  type ProbedHost,
  type ProbeFindingsOptions,
  probeFindings,
} from './probe-findings.js';
export { isConfirmed } from './report.js';
export { askForUnixSockets } from './unix-sockets.js';
export type { FindingVerdict } from './verdict.js';
