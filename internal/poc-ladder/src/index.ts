/**
 * The stages in order, and functions to run them.
 *
 * @packageDocumentation
 */
export {
  type Build,
  builds,
  isLadderPassed,
  isProven,
  isUnsupported,
  type LadderOptions,
  runEchoServer,
  runLadder,
  type StageResult,
} from './ladder.js';
export { type Stage, stages } from './stages.js';
