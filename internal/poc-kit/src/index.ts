/**
 * Code that all stages share.
 *
 * @packageDocumentation
 */
export { AcceptPoll, acceptMask, type PollParameters } from './accept-poll.js';
export { AcceptSetup } from './accept-setup.js';
export { build } from './build.js';
export { ClientThread } from './client-thread.js';
export { Deadline } from './deadline.js';
export { inWords, listenAt, listeningAt, type ServerAddress, whereSupported } from './endpoints.js';
export { HelperThread, serveHelper } from './helper-thread.js';
export { guardOutput } from './output.js';
export { PoisonedPoll, poison } from './poisoned-poll.js';
export { type Check, hex, type Print, Proof, type Verdict } from './proof.js';
export { runAll } from './run-all.js';
export {
  type AcceptStageOptions,
  type AsyncStage,
  exitCodes,
  parseAcceptOptions,
  parsePort,
  parseStageOptions,
  printLine,
  reportUsage,
  runStage,
  runStageAsync,
  type Stage,
  type StageNames,
  type StageOptions,
  stageMain,
} from './stage-main.js';
export { StagePort } from './stage-port.js';
export {
  type Cell,
  type ComparedCell,
  compareWithStage1Table,
  resultRow,
  type Stage1Variant,
  stage1Table,
  stage1Things,
  type TableRow,
  type TableSection,
} from './stage1-table.js';
export { lateness, perSecond } from './times.js';
export { type TraceFlags, takeTraceFlags, traceFlagNames, withTrace } from './trace-flags.js';
export {
  mostRecordedCalls,
  readStageTrace,
  type StageTrace,
  writeStageTrace,
} from './trace-records.js';
export { UsageError } from './usage-error.js';
