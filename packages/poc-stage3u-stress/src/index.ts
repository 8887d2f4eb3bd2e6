/**
 * Stage 3U: the engine under stress and cancellation over AF_UNIX.
 *
 * @packageDocumentation
 */
export { runTest, Stage3uStress, stage3uStress } from './stage3u-stress.js';
