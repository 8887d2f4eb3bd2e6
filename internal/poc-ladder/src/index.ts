/**
 * The stages in order, and a way to run them.
 *
 * @packageDocumentation
 */
export {
  type Build,
  builds,
  isProven,
  type LadderOptions,
  type Rung,
  runLadder,
} from './ladder.js';
export { type Stage, stages } from './stages.js';
