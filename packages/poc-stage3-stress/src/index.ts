/**
 * Stage 3: the engine under stress and cancellation.
 *
 * @packageDocumentation
 */
export { type ChurnCounts, churn } from './churn.js';
export type { NewPoller } from './new-poller.js';
export { type DrainCounts, PartialDrain } from './partial-drain.js';
export { PingServer } from './ping-server.js';
export {
  runTest,
  type Stage3Options,
  Stage3Stress,
  stage3Stress,
  startPingClient,
} from './stage3-stress.js';
export { stressFigures, takeStressFigures } from './stress-figures.js';
