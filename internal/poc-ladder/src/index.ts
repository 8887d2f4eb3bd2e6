/**
 * The stages in order, and functions to run them.
 *
 * @packageDocumentation
 */
export {
  type Build,
  builds,
  isClimbed,
  isProven,
  isUnsupported,
  type LadderOptions,
  type Rung,
  runEchoServer,
  runLadder,
} from './ladder.js';
export { type Stage, stages } from './stages.js';
