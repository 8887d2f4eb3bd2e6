/**
 * Code that the tests of all packages share. It depends on no package of this repository, so that
 * every package's tests can depend on it.
 *
 * @packageDocumentation
 */
export { checkProperty, checkRuns, checkRunsAsync, choicesOf } from './check.js';
export { Choices } from './choices.js';
export { crossSection, inRelease, testedBuild } from './cross-section.js';
export { eventually, eventuallySync } from './eventually.js';
export {
  type Expected,
  expectationRows,
  type Holder,
  type Observed,
  type Row,
  type RowName,
  unspecified,
} from './expectation-rows.js';
export { columnOf, differingRows, expectAs, expectedOf } from './expectations.js';
export { failedChecks, type RunningStage } from './failed-checks.js';
export { type HostProfile, hostProfile, type Presence } from './host-profile.js';
export { type KernelName, kernelNames } from './kernels.js';
export type { MisuseCase } from './misuse-child.js';
export { type MisuseEnd, type MisuseRun, runMisuses } from './misuse-runner.js';
export { planRuns, type RunPlan } from './run-plan.js';
export { runScript, type ScriptEnd } from './run-script.js';
export { type MisuseTests, testMisuses } from './test-misuses.js';
